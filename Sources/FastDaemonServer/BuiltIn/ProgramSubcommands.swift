/// What is for other programs rather than for people.
extension Subcommand {
    /// `daemon metrics`.
    static let metrics = Subcommand(
        name: "metrics", summary: "the figures of status as Prometheus reads them"
    ) { _, core in
        .text(.output(Metrics(core).text))
    }

    /// `daemon commands`: what the completions of the shells ask for.
    static let commands = Subcommand(
        name: "commands",
        summary: "the names of all commands, or of a command's own words, each with a tab and its summary",
        options: [.name]
    ) { words, core in
        switch words.name {
        case nil: .text(.output(core.generation.routing.routes.map { "\($0.name)\t\($0.summary)\n" }.joined()))
        case "daemon": .text(.output(DaemonCommand.subcommands.map { "\($0.name)\t\($0.summary)\n" }.joined()))
        case "help": .text(.output(core.generation.routing.routes.map { "\($0.name)\t\($0.summary)\n" }.joined()))
        default: .text(.output(""))
        }
    }

    /// `daemon ping`.
    static let ping = Subcommand(name: "ping", summary: "answers \"pong\"") { _, _ in .text(.output("pong\n")) }
}
