import FastDaemonHost

extension Generation {
    /// The worker processes of all plugins.
    var workers: [WorkerReport] {
        plugins.flatMap { hosted in
            (hosted.plugin.workers?.report.workers ?? []).map { worker in
                WorkerReport(
                    plugin: hosted.plugin.name, process: worker.process, state: worker.state,
                    calls: UInt64(worker.calls), residentBytes: Int(worker.residentBytes))
            }
        }
    }

    /// The pools of them, one a plugin that has any.
    var workerPools: [WorkerPoolFigures] {
        plugins.compactMap { hosted in
            guard let report = hosted.plugin.workers?.report else { return nil }
            return WorkerPoolFigures(
                plugin: hosted.plugin.name, waiting: report.waiting, crashes: report.crashes,
                quarantine: report.quarantine)
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

/// The worker processes of one plugin, as `daemon status` tells of them.
struct WorkerPoolFigures: Encodable, Sendable {
    var plugin: String

    /// How many calls wait for one of them.
    var waiting: Int

    /// How many have crashed since the plugin was loaded.
    var crashes: Int

    /// Why the plugin is not run for a while, because its workers crash again and again, or some of its commands are not; nil where
    /// all are.
    var quarantine: String?
}
