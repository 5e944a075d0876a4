extension Subcommand {
    /// `daemon status`.
    static let status = Subcommand(
        name: "status", summary: "what was served, what runs, and what it takes", options: [.json, .watch]
    ) { words, core in
        .report(words) { StatusReport(core) }
    }

    /// `daemon plugins`.
    static let plugins = Subcommand(
        name: "plugins", summary: "the plugins and their commands", options: [.json, .watch]
    ) { words, core in
        .report(words) { PluginsReport(core) }
    }

    /// `daemon slow`.
    static let slow = Subcommand(
        name: "slow", summary: "the slowest calls of the last hour, or those of one command",
        options: [.json, .watch, .name]
    ) { words, core in
        .report(words) { SlowReport(core, command: words.name) }
    }
}

extension BuiltInAnswer {
    /// A report, once or again and again.
    fileprivate static func report(
        _ words: SubcommandWords, _ report: @escaping @Sendable () -> any Report
    ) -> BuiltInAnswer {
        let isJSON = words.isJSON
        let text: @Sendable () -> String = { isJSON ? report().json : report().table }
        guard let interval = words.interval else { return .text(.output(text())) }
        return .stream { output in await Watch(interval: interval, text: text).run(output) }
    }
}
