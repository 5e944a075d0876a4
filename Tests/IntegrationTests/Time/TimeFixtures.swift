import Foundation
import TestSupport

/// Until when a caller has heard that its call ran past its limit, in seconds: a quarter of a second is what a caller's own may be
/// late by, the rest is what the test takes. Programs with a sanitizer in them take long to do anything.
func soon(after limit: Double) -> Double { limit + 0.25 + (isSanitized ? 10 : 0.3) }

extension RunningDaemon {
    /// A daemon that serves the commands of `overdue.c` beside the handlers that ship.
    ///
    /// - Parameters:
    ///   - timeout: the plugin's `timeoutSeconds`; nil for none.
    ///   - concurrency: how many of its calls run at once.
    convenience init(
        withTimeout timeout: Double?, concurrency: Int = 4, _ configuration: DaemonConfiguration = DaemonConfiguration()
    ) throws {
        let folder = try DaemonFolder()
        try folder.build("overdue", "inline_input")
        var configuration = configuration
        let limit = timeout.map { #", "timeoutSeconds": \#($0)"# } ?? ""
        let entry = limit + (DaemonConfiguration.usesWorkers ? #", "execution": "process""# : "")
        configuration.plugins += [
            #"{ "library": "liboverdue.so", "concurrency": \#(concurrency)\#(entry) }"#,
            #"{ "library": "libinline_input.so"\#(entry) }"#,
        ]
        try self.init(configuration, in: folder)
    }
}
