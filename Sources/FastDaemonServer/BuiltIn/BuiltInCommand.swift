import FastDaemonHost

/// The commands that the daemon answers itself.
enum BuiltInCommand: String, CaseIterable, Sendable {
    case help
    case daemon

    var summary: String {
        switch self {
        case .help: "lists the commands, or explains one"
        case .daemon: "tells about the daemon itself"
        }
    }

    var usage: String {
        switch self {
        case .help: HelpCommand.usage
        case .daemon: DaemonCommand.usage
        }
    }

    func answer(_ request: BuiltInRequest, _ core: ServerCore) -> BuiltInAnswer {
        switch self {
        case .help: .text(HelpCommand.run(request.words, core))
        case .daemon: DaemonCommand.answer(request, core)
        }
    }
}

/// What one of the daemon's own commands is asked.
struct BuiltInRequest: Sendable {
    let words: [String]
    let caller: Caller

    /// Whether it came in a session, and so its answer may take any time and length.
    let isSession: Bool
}

/// How one of the daemon's own commands answers.
enum BuiltInAnswer: Sendable {
    /// At once.
    case text(BuiltInText)

    /// After a while, in which its loop serves others.
    case later(@Sendable () async -> BuiltInText)

    /// Piece by piece, until nobody wants more: the exit status. In a session only.
    case stream(@Sendable (BuiltInOutput) async -> Int32)
}

/// What one of the daemon's own commands writes.
struct BuiltInText: Equatable, Sendable {
    var output = ""
    var errors = ""
    var status: Int32 = 0

    /// An answer.
    static func output(_ text: String) -> BuiltInText { BuiltInText(output: text) }

    /// A line that says what is wrong: with the words of the request, unless the status says otherwise (EX_USAGE of
    /// sysexits(3)).
    static func failure(_ text: String, status: Int32 = 64) -> BuiltInText {
        BuiltInText(errors: "fastdaemond: \(text)\n", status: status)
    }
}
