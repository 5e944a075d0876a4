import Foundation
import TestSupport

/// `echo` as a command that runs on a thread of the pool.
let concurrentEcho = #"{ "library": "libEcho.so", "execution": "concurrent" }"#

extension DaemonFolder {
    /// A folder with these handlers as they are built for release.
    convenience init(release libraries: [String]) throws {
        try self.init(libraries: [])
        for name in libraries {
            try install(ReleaseBuild.path("lib\(name).so", of: name), as: "lib\(name).so")
        }
    }
}

/// Starts a daemon as it is built for release, with `echo`, and returns once it serves.
///
/// - Parameters:
///   - plugin: Its entry of the config, if that says more than its name.
///   - others: What else its config says.
func releaseDaemon(plugin: String = "Echo", others: [String: String] = [:]) throws -> RunningDaemon {
    let configuration = DaemonConfiguration(plugins: [plugin], limits: ["firstRecordSeconds": 600], others: others)
    let folder = try DaemonFolder(release: ["Echo"]).with(configuration)
    let daemon = try RunningDaemon(startingIn: folder, program: ReleaseBuild.path("fastdaemond"))
    try daemon.waitUntilReady()
    return daemon
}
