/// What `daemon plugins` tells. The names of its members are those of the JSON, and stay.
struct PluginsReport: Report {
    struct Entry: Encodable {
        var name: String
        var version: String
        var library: String

        /// The generation that it was loaded for, and when that was; and the digest of its library.
        var generation: Int
        var since: String
        var digest: String
        var commands: [String]

        /// What was counted of its commands.
        var calls: UInt64
        var failures: UInt64
        var running: Int
        var waiting: Int
        var limit: Int
    }

    /// The number of what is served now.
    var generation: Int
    var plugins: [Entry]

    init(_ core: ServerCore) {
        let generation = core.generation
        self.generation = generation.number
        plugins = generation.plugins.map { hosted in
            let (plugin, counts) = (hosted.plugin, hosted.gate.counts)
            let routes = generation.routing.routes.filter { $0.hosted === hosted }
            let totals = routes.map(\.statistics.totals)
            return Entry(
                name: plugin.name, version: plugin.version, library: plugin.libraryPath,
                generation: hosted.generation, since: hosted.since, digest: hosted.image.digest,
                commands: routes.map(\.name), calls: totals.reduce(0) { $0 + $1.calls },
                failures: totals.reduce(0) { $0 + $1.failures }, running: counts.running, waiting: counts.waiting,
                limit: counts.limit)
        }
    }

    var table: String {
        var loaded = TextTable(
            ["plugin", "version", "generation", "since", "digest"], leftAligned: [0, 1, 3, 4])
        var work = TextTable(
            ["plugin", "calls", "failed", "running", "waiting", "limit", "commands"], leftAligned: [0, 6])
        for entry in plugins {
            let name = Amounts.name(entry.name, 18)
            loaded.add([
                name, Amounts.name(entry.version, 12), "\(entry.generation)", "\(entry.since.prefix(19))Z",
                String(entry.digest.prefix(12)),
            ])
            let commands = Self.lines(entry.commands)
            work.add([
                name, Amounts.count(entry.calls), Amounts.count(entry.failures), "\(entry.running)",
                "\(entry.waiting)", "\(entry.limit)", commands[0],
            ])
            for more in commands.dropFirst() { work.add(Array(repeating: "", count: 6) + [more]) }
        }
        return "generation \(generation)\n\n\(loaded.text)\n\(work.text)"
    }

    /// The names in lines of a few columns.
    private static func lines(_ names: [String]) -> [String] {
        var lines = [""]
        for name in names {
            let name = Amounts.name(name, 18)
            if lines[lines.count - 1].isEmpty {
                lines[lines.count - 1] = name
            } else if lines[lines.count - 1].count + 1 + name.count <= 18 {
                lines[lines.count - 1] += " \(name)"
            } else {
                lines.append(name)
            }
        }
        return lines
    }
}
