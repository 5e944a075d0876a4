extension Subcommand {
    /// `daemon tail`.
    static let tail = Subcommand(
        name: "tail", summary: "a line a call, as the log has it at the level info, while they end", options: [.json],
        streams: true
    ) { words, core in
        let isJSON = words.isJSON
        return .stream { output in await core.accesses.stream(to: output, isJSON: isJSON) }
    }
}
