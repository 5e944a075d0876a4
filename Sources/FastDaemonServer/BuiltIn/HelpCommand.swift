/// `help`: lists the commands, or explains one.
enum HelpCommand {
    static let usage = """
        usage: help [COMMAND]
        Without a COMMAND, lists all commands that are served.
        """

    static func run(_ words: [String], _ core: ServerCore) -> BuiltInText {
        guard words.count > 1 else { return .output(list(core)) }
        guard let route = core.route(named: words[1]) else { return .failure(core.unknownCommand(words[1])) }
        var text = route.summary.isEmpty ? "\(route.name)\n" : "\(route.name) - \(route.summary)\n"
        if !route.usage.isEmpty { text += "\n\(route.usage)\(route.usage.hasSuffix("\n") ? "" : "\n")" }
        return .output(text)
    }

    private static func list(_ core: ServerCore) -> String {
        let width = core.generation.routing.routes.map(\.name.count).max() ?? 0
        let lines = core.generation.routing.routes.map { route in
            let padding = String(repeating: " ", count: width - route.name.count)
            return route.summary.isEmpty ? "  \(route.name)" : "  \(route.name)\(padding)  \(route.summary)"
        }
        return "Commands:\n\(lines.joined(separator: "\n"))\n\n'help COMMAND' tells more about one.\n"
    }
}
