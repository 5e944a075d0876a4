import FastDaemonHost

/// `daemon`: finds the subcommand, and whether its caller may use it.
enum DaemonCommand {
    /// What there is, in the order of the usage.
    static let subcommands: [Subcommand] = [.status, .plugins, .slow, .tail, .reload, .metrics, .commands, .ping]

    static let usage: String = {
        let width = subcommands.map(\.name.count).max() ?? 0
        let synopses = subcommands.enumerated().map { ($0 == 0 ? "usage: " : "       ") + $1.synopsis }
        let summaries = subcommands.map { subcommand in
            subcommand.name + String(repeating: " ", count: width + 2 - subcommand.name.count) + subcommand.summary
        }
        return (synopses + summaries).joined(separator: "\n")
    }()

    static func answer(_ request: BuiltInRequest, _ core: ServerCore) -> BuiltInAnswer {
        guard request.words.count > 1 else { return .text(BuiltInText(errors: "\(usage)\n", status: 64)) }
        let word = request.words[1]
        guard let subcommand = subcommands.first(where: { $0.name == word }) else {
            let near = NearNames.question(NearNames.near(word, among: subcommands.map(\.name)))
            var text = BuiltInText.failure("daemon: there is no '\(Printable.line(word))'\(near)")
            text.errors += "\(usage)\n"
            return .text(text)
        }
        do throws(SubcommandWords.Fault) {
            let words = try SubcommandWords(request.words.dropFirst(2), for: subcommand)
            if let refusal = refusal(of: request, subcommand, words, user: core.user) { return .text(refusal) }
            return subcommand.answer(words, core)
        } catch {
            return .text(.failure(Printable.line(error.text)))
        }
    }

    /// Why a request is not done; nil where it is.
    ///
    /// - Parameter user: the daemon's own.
    static func refusal(
        of request: BuiltInRequest, _ subcommand: Subcommand, _ words: SubcommandWords, user: UInt32
    ) -> BuiltInText? {
        let name = "daemon \(subcommand.name)"
        if subcommand.changes, !mayChange(request.caller, user: user) {
            return .failure(
                "\(name): only root and the daemon's own user (uid \(user)) may do this, and only through a Unix stream "
                    + "socket; this came from \(request.caller)",
                status: 77)
        }
        if request.isSession { return nil }
        if words.interval != nil {
            return .failure("\(name): --watch needs a session, and this is a record: leave out --watch, or --record")
        }
        if subcommand.streams {
            return .failure(
                "\(name): this needs a session, for it has no end, and this is a record: leave out --record")
        }
        return nil
    }

    /// Whether the kernel vouches for it that a caller is root or the daemon's own user. Only of the peers of a Unix stream
    /// socket it does.
    private static func mayChange(_ caller: Caller, user: UInt32) -> Bool {
        caller.transport == 1 && (caller.user == 0 || caller.user == user)
    }
}
