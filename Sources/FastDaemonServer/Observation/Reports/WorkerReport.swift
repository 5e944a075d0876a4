import FastDaemonHost

extension WorkerReport {
    /// The worker processes of all plugins, those that were replaced and have not ended last.
    static func all(of core: ServerCore) -> [WorkerReport] {
        core.generation.plugins.flatMap { of($0.plugin, isReplaced: false) }
            + core.replacedPlugins.flatMap { of($0, isReplaced: true) }
    }

    private static func of(_ plugin: Plugin, isReplaced: Bool) -> [WorkerReport] {
        (plugin.workers?.report.workers ?? []).map { worker in
            WorkerReport(
                plugin: plugin.name, process: worker.process, state: worker.state, calls: UInt64(worker.calls),
                residentBytes: Int(worker.residentBytes), replaced: isReplaced)
        }
    }
}

extension Generation {
    /// The pools of workers, one a plugin that has any.
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

    /// Whether another version of the plugin, or none, is served now: it ends with its calls.
    var replaced: Bool
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
