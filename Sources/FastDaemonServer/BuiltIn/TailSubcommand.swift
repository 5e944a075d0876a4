extension Subcommand {
    /// `daemon tail`.
    static let tail = Subcommand(
        name: "tail", summary: "a line a call, as the log has it at the level info, while they end", options: [.json],
        streams: true
    ) { words, core in
        guard let place = core.accesses.takePlace() else {
            let count = AccessFeed.mostReaders
            let text = "daemon tail: busy: \(count) follow the access log already, which is the limit; try again later"
            return .text(.failure(text, status: ServerCore.tryAgain))
        }
        let isJSON = words.isJSON
        return .stream { output in await AccessFeed.stream(to: output, at: place, isJSON: isJSON) }
    }
}
