import Foundation
import TestSupport

/// What `versions.c` calls what can be wrong with a version.
enum VersionFault: String, Sendable, CaseIterable {
    case nothing = "NOTHING"
    case createFails = "CREATE_FAILS"
    case createHangs = "CREATE_HANGS"
    case testFails = "TEST_FAILS"
    case testHangs = "TEST_HANGS"
    case loadingCrashes = "LOADING_CRASHES"
}

extension DaemonFolder {
    /// Builds a version of `versions.c`, and puts it in the place of the one that is there.
    func build(version: String, _ fault: VersionFault = .nothing) throws {
        try replace(FixturePlugin("versions"), definitions: [#"VERSION="\#(version)""#, "FAULT=\(fault.rawValue)"])
    }
}

extension RunningDaemon {
    /// A daemon that serves a version of `versions.c`, and echo.
    convenience init(version: String, _ configuration: DaemonConfiguration = .versions) throws {
        let folder = try DaemonFolder()
        try folder.build(version: version)
        try self.init(configuration, in: folder)
    }
}

extension DaemonConfiguration {
    static let versions = DaemonConfiguration(plugins: ["versions", "Echo"])
}
