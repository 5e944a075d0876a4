extension Options {
    /// What the words on the command line ask for.
    enum Request: Sendable, Equatable {
        case run(Options)
        case help
        case version
    }

    /// Reads the program's arguments (without its name).
    ///
    /// The program's own options stand before the port; what follows it belongs to the command, but for one `--` right
    /// after it.
    static func parse(_ arguments: [String]) throws(UsageError) -> Request {
        var options = Options()
        var rest = arguments[...]
        while let word = rest.first, word.hasPrefix("-"), word != "-" {
            rest = rest.dropFirst()
            switch word {
            case "-h", "--help": return .help
            case "--version": return .version
            case "--": throw UsageError(reason: "'--' stands after the port, not before it")
            default: try options.apply(word, rest: &rest)
            }
        }
        guard let port = rest.popFirst() else {
            throw UsageError(reason: "which daemon? Name its port or the path of its Unix socket")
        }
        options.port = try Port(port)
        if rest.first == "--" { rest = rest.dropFirst() }
        options.words = rest.isEmpty ? options.wire.defaultWords : Array(rest)
        try options.check()
        return .run(options)
    }

    /// The text of `--help`.
    static var help: String {
        var text = """
            usage: fastdaemon_bench [options] port [command [argument ...]]

            Sends a running daemon the same request again and again, and shows how fast it answers.
            An integer port is TCP on the loopback address, anything else the path of a Unix socket.
            Without a command, echo is sent 16 bytes of standard input.


            """
        let entries = OptionEntry.all.map { entry in
            (entry.names.joined(separator: ", ") + (entry.value.map { " \($0)" } ?? ""), entry.summary)
        }
        for (names, summary) in entries + [("-h, --help", "print this and exit"), ("--version", "print the version")] {
            text += "  \(names.padded(to: 24))  \(summary)\n"
        }
        return text
    }

    private mutating func apply(_ word: String, rest: inout ArraySlice<String>) throws(UsageError) {
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let entry = OptionEntry.all.first(where: { $0.names.contains(parts[0]) }) else {
            throw UsageError(reason: "there is no option \(parts[0])")
        }
        var value = parts.count > 1 ? parts[1] : nil
        if entry.value == nil, value != nil {
            throw UsageError(reason: "\(parts[0]) takes no value")
        }
        if entry.value != nil, value == nil {
            value = rest.popFirst()
        }
        guard entry.value == nil || value != nil else {
            throw UsageError(reason: "\(parts[0]) takes a value, and none follows")
        }
        do throws(UsageError) {
            try entry.apply(value ?? "", to: &self)
        } catch {
            throw UsageError(reason: "\(parts[0]) \(error.reason)")
        }
    }

    private func check() throws(UsageError) {
        if host != nil, case .unix = port {
            throw UsageError(reason: "--host goes with an integer port, not with the path of a Unix socket")
        }
        if isDatagram, reconnects {
            throw UsageError(reason: "--dgram has no connections, so --reconnect says nothing with it")
        }
        if isDatagram, idleConnections > 0 {
            throw UsageError(reason: "--dgram has no connections, so --idle says nothing with it")
        }
        try checkWire()
        if reconnects, pipeline > 1 {
            throw UsageError(reason: "--reconnect sends one request a connection, so --pipeline says nothing with it")
        }
    }
}

extension Options {
    private func checkWire() throws(UsageError) {
        guard wire != .record else { return }
        if isDatagram || isClassic {
            throw UsageError(
                reason: "--\(isDatagram ? "dgram" : "classic") goes with records, not with \(wire.rawValue)")
        }
        switch wire {
        case .http where words.count > 1: throw UsageError(reason: "http takes one word, the path")
        case .fastcgi where words != [], .raw where words != []:
            throw UsageError(reason: "\(wire.rawValue) takes no command, only a payload")
        case .raw where payloadBytes == 0: throw UsageError(reason: "raw needs a payload to send")
        default: break
        }
    }
}

extension Options.Port {
    init(_ word: String) throws(UsageError) {
        guard let number = Int(word) else {
            self = .unix(word)
            return
        }
        guard let port = UInt16(exactly: number), port > 0 else {
            throw UsageError(reason: "port \(word) is not from 1 to 65535")
        }
        self = .number(port)
    }
}

extension String {
    /// The text with spaces behind it up to `width` characters.
    func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }

    /// The text with spaces before it up to `width` characters.
    func aligned(to width: Int) -> String {
        String(repeating: " ", count: max(0, width - count)) + self
    }
}
