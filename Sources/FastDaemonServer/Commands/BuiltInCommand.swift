/// The commands that the daemon answers itself.
enum BuiltInCommand: String, CaseIterable, Sendable {
    case help
    case daemon

    /// What a command answers.
    struct Answer {
        var output = ""
        var errors = ""
    }

    var summary: String {
        switch self {
        case .help: "lists the commands, or explains one"
        case .daemon: "tells about the daemon itself"
        }
    }

    var usage: String {
        switch self {
        case .help:
            """
            usage: help [COMMAND]
            Without a COMMAND, lists all commands that are served.
            """
        case .daemon:
            """
            usage: daemon status [--json]
                   daemon plugins [--json]
                   daemon commands
                   daemon ping
            status    what was served, what runs, and what it takes
            plugins   the plugins and their commands
            commands  the names of all commands, each with a tab and its summary, for programs
            ping      answers "pong"
            """
        }
    }

    func run(_ words: [String], _ core: ServerCore) -> Answer {
        switch self {
        case .help: Self.help(words, core)
        case .daemon: Self.daemon(words, core)
        }
    }

    private static func help(_ words: [String], _ core: ServerCore) -> Answer {
        guard words.count > 1 else { return Answer(output: list(core)) }
        guard let route = core.route(named: words[1]) else {
            return Answer(errors: "fastdaemond: \(core.unknownCommand(words[1]))\n")
        }
        var text = route.summary.isEmpty ? "\(route.name)\n" : "\(route.name) - \(route.summary)\n"
        if !route.usage.isEmpty { text += "\n\(route.usage)\(route.usage.hasSuffix("\n") ? "" : "\n")" }
        return Answer(output: text)
    }

    private static func list(_ core: ServerCore) -> String {
        let width = core.generation.routing.routes.map(\.name.count).max() ?? 0
        let lines = core.generation.routing.routes.map { route in
            let padding = String(repeating: " ", count: width - route.name.count)
            return route.summary.isEmpty ? "  \(route.name)" : "  \(route.name)\(padding)  \(route.summary)"
        }
        return "Commands:\n\(lines.joined(separator: "\n"))\n\n'help COMMAND' tells more about one.\n"
    }

    private static func daemon(_ words: [String], _ core: ServerCore) -> Answer {
        let asJSON = words.dropFirst(2).contains("--json")
        let surplus = words.dropFirst(2).filter { $0 != "--json" }
        if let word = surplus.first {
            return Answer(errors: "fastdaemond: daemon: no option or word '\(word)' is known here\n")
        }
        switch words.count > 1 ? words[1] : "" {
        case "status":
            let report = StatusReport(core)
            return Answer(output: asJSON ? report.json : report.table)
        case "plugins":
            let report = PluginsReport(core)
            return Answer(output: asJSON ? report.json : report.table)
        case "commands":
            return Answer(output: core.generation.routing.routes.map { "\($0.name)\t\($0.summary)\n" }.joined())
        case "ping": return Answer(output: "pong\n")
        case "": return Answer(errors: "\(BuiltInCommand.daemon.usage)\n")
        case let other:
            let near = NearNames.question(NearNames.near(other, among: ["status", "plugins", "commands", "ping"]))
            return Answer(
                errors: "fastdaemond: daemon: there is no '\(other)'\(near)\n\(BuiltInCommand.daemon.usage)\n")
        }
    }
}
