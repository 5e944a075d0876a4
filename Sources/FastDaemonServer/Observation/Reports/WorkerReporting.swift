/// What tells of the worker processes of a plugin.
protocol WorkerReporting: Sendable {
    var workers: [WorkerReport] { get }

    /// Why the plugin is not run for a while; nil where it is.
    var quarantine: QuarantineReport? { get }
}

extension ServerCore {
    /// The pools of workers, as far as there are any.
    var workerPools: [any WorkerReporting] { [] }
}

/// A worker process, as `daemon status` tells of it.
struct WorkerReport: Encodable, Sendable {
    var plugin: String

    /// 0 where it is not there, or not yet.
    var process: Int32

    /// What it does, in a word or two.
    var state: String

    /// How many calls it ended.
    var calls: UInt64

    /// Nil where that is not known.
    var residentBytes: Int?
}

/// A plugin that is not run for a while, because its workers end again and again.
struct QuarantineReport: Encodable, Sendable {
    var plugin: String
    var reason: String
}
