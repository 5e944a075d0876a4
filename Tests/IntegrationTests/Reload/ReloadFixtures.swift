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
    /// Builds a version of `versions.c`, and puts it in the place of the one that is there, as `install` would: by a new name that
    /// is then given the right one.
    func build(version: String, _ fault: VersionFault = .nothing) throws {
        guard let compiler = Compiler.c else { throw TestFailure("cc, which build-essential has, is not installed") }
        let fixture = FixturePlugin("versions")
        let built = try fixture.build(
            in: path, with: compiler, definitions: [#"VERSION="\#(version)""#, "FAULT=\(fault.rawValue)"])
        chmod(built, 0o755)
        guard rename(built, library(fixture.libraryName)) == 0 else { throw TestFailure("cannot replace the library") }
    }
}

extension RunningDaemon {
    /// A daemon that serves a version of `versions.c`, and echo.
    convenience init(version: String, _ configuration: DaemonConfiguration = .versions) throws {
        let folder = try DaemonFolder()
        try folder.build(version: version)
        try self.init(configuration, in: folder)
    }

    /// How many reloads the log tells the end of.
    private var reloads: [String] {
        log.filter { $0.contains(" notice: reloaded ") || $0.contains(" error: not reloaded") }
    }

    /// Sends SIGHUP, and waits for what comes of it. Returns the lines of the log that tell of it.
    @discardableResult
    func reload() throws -> [String] {
        let (lines, count) = (log.count, reloads.count)
        send(SIGHUP)
        try waitForReload(after: count)
        return Array(log[lines...])
    }

    /// Waits for the end of a reload that was not asked for.
    ///
    /// - Parameter count: how many there have been.
    func waitForReload(after count: Int = 0) throws {
        var seen = 0
        let end = waitForLine { line in
            if line.contains(" notice: reloaded ") || line.contains(" error: not reloaded") { seen += 1 }
            return seen > count
        }
        guard end != nil else { throw TestFailure("no reload: \(log.joined(separator: "\n"))") }
    }

    /// Writes another config, and has it taken up.
    @discardableResult
    func reload(_ configuration: DaemonConfiguration) throws -> [String] {
        try folder.write(configuration.text)
        return try reload()
    }
}

extension DaemonConfiguration {
    static let versions = DaemonConfiguration(plugins: ["versions", "Echo"])
}
