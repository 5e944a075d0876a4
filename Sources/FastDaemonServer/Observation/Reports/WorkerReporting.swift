import FastDaemonHost

extension Generation {
    /// The worker processes of all plugins.
    var workers: [WorkerReport] {
        plugins.flatMap { hosted in
            (hosted.plugin.workers?.report.workers ?? []).map { worker in
                WorkerReport(
                    plugin: hosted.plugin.name, process: worker.process, state: worker.state,
                    calls: UInt64(worker.calls),
                    residentBytes: Int(worker.residentBytes))
            }
        }
    }

    /// The plugins that are not run for a while.
    var quarantines: [QuarantineReport] {
        plugins.compactMap { hosted in
            hosted.plugin.workers?.report.quarantine.map { QuarantineReport(plugin: hosted.plugin.name, reason: $0) }
        }
    }
}

/// A worker process, as `daemon status` tells of it.
struct WorkerReport: Encodable, Sendable {
    var plugin: String

    var process: Int32

    /// What it does, in a word.
    var state: String

    /// How many calls it was given.
    var calls: UInt64

    var residentBytes: Int
}

/// A plugin that is not run for a while, because its workers end again and again.
struct QuarantineReport: Encodable, Sendable {
    var plugin: String
    var reason: String
}
