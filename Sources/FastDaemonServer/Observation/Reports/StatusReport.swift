import FastDaemonHost
import Glibc

/// What `daemon status` tells. The names of its members are those of the JSON, and stay.
struct StatusReport: Report {
    /// Of one command.
    struct Command: Encodable {
        var name: String
        var plugin: String
        var execution: String
        var totals: CommandNumbers

        /// How long its calls waited for their turn, and how long they ran.
        var queued: TimeQuantiles
        var ran: TimeQuantiles
        var running: Int

        /// Those of the running that were cancelled, and have not ended; and those that ran out of time, and have not ended.
        var cancelled: Int
        var overdue: Int
        var waiting: Int
    }

    /// Of all commands.
    struct Totals: Encodable {
        var calls: UInt64 = 0
        var failures: UInt64 = 0
        var refusals: UInt64 = 0
        var running = 0
        var overdue = 0
        var waiting = 0
        var bytesIn: UInt64 = 0
        var bytesOut: UInt64 = 0
    }

    var version = fastDaemonVersion
    var process = getpid()
    var generation: Int
    var uptimeSeconds: Double
    var connections: Int
    var loops: Int
    var threads: Int
    var idleThreads: Int
    var residentBytes = ProcessFigures.residentBytes
    var bufferBytes: Int
    var descriptors = ProcessFigures.descriptorCount()
    var descriptorLimit = ProcessFigures.descriptorLimit()
    var totals = Totals()
    var commands: [Command]
    var workers: [WorkerReport]
    var pools: [WorkerPoolFigures]

    init(_ core: ServerCore) {
        generation = core.generation.number
        uptimeSeconds = core.uptime
        connections = core.connections.load(ordering: .relaxed)
        loops = core.loopCount
        (threads, idleThreads) = core.pool.threadCounts
        bufferBytes = core.budget.inUse
        let running = core.running.countsByCommand()
        commands = core.generation.routing.routes.map { route in
            let totals = route.statistics.totals
            let counts = running[ObjectIdentifier(route.statistics), default: RunningCalls.Counts()]
            return Command(
                name: route.name, plugin: route.command?.plugin.name ?? "",
                execution: route.builtIn == nil ? route.execution.rawValue : "built in",
                totals: CommandNumbers(totals), queued: TimeQuantiles(totals.queued), ran: TimeQuantiles(totals.ran),
                running: counts.running, cancelled: counts.cancelled, overdue: counts.overdue, waiting: counts.waiting)
        }
        workers = WorkerReport.all(of: core)
        pools = core.generation.workerPools
        for command in commands { totals.add(command) }
    }
}

extension StatusReport.Totals {
    fileprivate mutating func add(_ command: StatusReport.Command) {
        calls += command.totals.calls
        failures += command.totals.failures
        refusals += command.totals.refusals
        running += command.running
        overdue += command.overdue
        waiting += command.waiting
        bytesIn += command.totals.bytesIn
        bytesOut += command.totals.bytesOut
    }
}

/// What was counted of a command, as programs read it.
struct CommandNumbers: Encodable {
    var calls, failures, refusals, bytesIn, bytesOut: UInt64

    /// How many of the calls ended with each status other than 0, by the status.
    var statuses: [String: UInt64]

    init(_ totals: CommandTotals) {
        (calls, failures, refusals) = (totals.calls, totals.failures, totals.refusals)
        (bytesIn, bytesOut) = (totals.bytesIn, totals.bytesOut)
        statuses = [:]
        for (status, count) in totals.statuses.enumerated().dropFirst() where count > 0 {
            statuses["\(status)"] = count
        }
    }
}

/// How long calls took, in nanoseconds; as JSON in seconds, and without those that are not known.
struct TimeQuantiles: Encodable {
    /// How many calls were timed.
    var count: UInt64
    var p50, p90, p99, max: UInt64?

    init(_ durations: Durations) {
        count = durations.count
        (p50, p90, p99) = (durations.quantile(0.5), durations.quantile(0.9), durations.quantile(0.99))
        max = count > 0 ? durations.most : nil
    }

    private enum CodingKeys: String, CodingKey {
        case count, p50, p90, p99, max
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(count, forKey: .count)
        for (value, key) in [(p50, CodingKeys.p50), (p90, .p90), (p99, .p99), (max, .max)] {
            if let value { try container.encode(Double(value) / 1e9, forKey: key) }
        }
    }
}
