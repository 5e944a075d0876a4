import FastDaemonHost
import FoundationEssentials
import Glibc

/// A report that people read as a table and programs as JSON.
protocol Report: Encodable {
    var table: String { get }
}

extension Report {
    /// One object, keys in order, a line break at the end.
    var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(self) else { return "{}\n" }
        return String(decoding: data, as: UTF8.self) + "\n"
    }
}

/// What was counted of a command, as programs read it.
struct CommandNumbers: Encodable {
    var calls, failures, refusals, bytesIn, bytesOut: UInt64

    init(_ totals: CommandTotals) {
        (calls, failures, refusals) = (totals.calls, totals.failures, totals.refusals)
        (bytesIn, bytesOut) = (totals.bytesIn, totals.bytesOut)
    }
}

/// What `daemon status` tells.
struct StatusReport: Report {
    struct Command: Encodable {
        var name: String
        var plugin: String
        var execution: String
        var totals: CommandNumbers
        var running: Int

        /// Those of the running that were cancelled, and have not ended.
        var cancelled: Int

        /// Those of the running whose callers were told that their time is over.
        var overdue: Int
        var waiting: Int
    }

    var version: String
    var process: Int32
    var uptimeSeconds: Double
    var connections: Int
    var loops: Int
    var threads: Int
    var residentBytes: Int
    var bufferBytes: Int
    var commands: [Command]

    init(_ core: ServerCore) {
        version = fastDaemonVersion
        process = getpid()
        uptimeSeconds = core.uptime
        connections = core.connections.load(ordering: .relaxed)
        loops = core.loopCount
        threads = core.pool.threadCounts.all
        residentBytes = Self.residentMemory()
        bufferBytes = core.budget.inUse
        let running = core.running.countsByCommand()
        commands = core.generation.routing.routes.map { route in
            let totals = CommandNumbers(route.statistics.totals)
            let counts = running[ObjectIdentifier(route.statistics), default: RunningCalls.Counts()]
            return Command(
                name: route.name, plugin: route.command?.plugin.name ?? "",
                execution: route.builtIn == nil ? route.execution.rawValue : "built in", totals: totals,
                running: counts.running, cancelled: counts.cancelled, overdue: counts.overdue, waiting: counts.waiting)
        }
    }

    var table: String {
        var text = "fastdaemond \(version), process \(process), up \(Self.duration(uptimeSeconds))\n"
        text += "\(connections) connections, \(loops) loops, \(threads) handler threads, "
        text += "\(residentBytes / 1024) KiB resident, \(bufferBytes / 1024) KiB in buffers\n\n"
        var table = TextTable([
            "command", "runs", "calls", "failed", "refused", "running", "cancelled", "waiting", "in", "out",
        ])
        for command in commands {
            table.add([
                command.name, command.execution, "\(command.totals.calls)", "\(command.totals.failures)",
                "\(command.totals.refusals)", "\(command.running)", "\(command.cancelled)",
                "\(command.waiting)", Self.amount(command.totals.bytesIn), Self.amount(command.totals.bytesOut),
            ])
        }
        return text + table.text
    }

    private static func residentMemory() -> Int {
        guard let file = fopen("/proc/self/statm", "re") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        guard fgets(&line, Int32(line.count), file) != nil else { return 0 }
        let fields = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self).split(
            separator: " ")
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) : 0
    }

    /// `2d 3h`, `4m 5s`, `6s`: the two greatest units.
    static func duration(_ seconds: Double) -> String {
        let whole = Int(seconds)
        let parts = [(whole / 86_400, "d"), (whole / 3600 % 24, "h"), (whole / 60 % 60, "m"), (whole % 60, "s")]
        let shown = parts.drop { $0.0 == 0 && $0.1 != "s" }.prefix(2)
        return shown.map { "\($0.0)\($0.1)" }.joined(separator: " ")
    }

    /// `512`, `12K`, `3M`, `4G`: bytes in at most four characters or so.
    static func amount(_ bytes: UInt64) -> String {
        var amount = bytes
        for unit in ["", "K", "M", "G"] {
            if amount < 10_000 { return "\(amount)\(unit)" }
            amount /= 1024
        }
        return "\(amount)T"
    }
}

/// What `daemon plugins` tells.
struct PluginsReport: Report {
    struct Entry: Encodable {
        var name: String
        var version: String
        var library: String
        var generation: Int
        var digest: String
        var since: String
        var commands: [String]
        var running: Int
        var waiting: Int
        var limit: Int
    }

    var plugins: [Entry]

    init(_ core: ServerCore) {
        let generation = core.generation
        plugins = generation.plugins.map { hosted in
            let (plugin, counts) = (hosted.plugin, hosted.gate.counts)
            let names = generation.routing.routes.filter { $0.hosted === hosted }.map(\.name)
            return Entry(
                name: plugin.name, version: plugin.version, library: plugin.libraryPath,
                generation: hosted.generation, digest: hosted.image.digest, since: hosted.since, commands: names,
                running: counts.running, waiting: counts.waiting, limit: counts.limit)
        }
    }

    var table: String {
        var table = TextTable(
            ["plugin", "version", "running", "waiting", "limit", "commands"], leftAligned: [0, 1, 5])
        for entry in plugins {
            table.add([
                entry.name, entry.version, "\(entry.running)", "\(entry.waiting)", "\(entry.limit)",
                entry.commands.joined(separator: " "),
            ])
        }
        return table.text
    }
}

/// Columns of text, each as wide as it has to be.
struct TextTable {
    private var rows: [[String]]
    private let leftAligned: Set<Int>

    init(_ header: [String], leftAligned: Set<Int> = [0, 1]) {
        rows = [header]
        self.leftAligned = leftAligned
    }

    mutating func add(_ row: [String]) {
        rows.append(row)
    }

    var text: String {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = row.enumerated().map { column, cell in
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                return leftAligned.contains(column) ? cell + padding : padding + cell
            }
            let line = cells.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed()) + "\n"
        }.joined()
    }
}
