#if !hasFeature(Embedded)
    import FastDaemonClient
#endif

/// What the program's words ask for.
enum Invocation {
    /// `-h`, `--help`.
    case help
    /// `--version`.
    case version
    /// A command for a daemon.
    case forward(Request)

    /// The program's own name. Called by any other, the program is the command of that name.
    static let programName: StaticString = "fastdaemon_client"

    /// Reads the words that the program was called with.
    ///
    /// - Parameters:
    ///   - words: All of them: the first is what the program was called as.
    ///   - port: The value of `$FASTDAEMON_PORT`, which only a program that was called by another name looks at.
    init(_ words: [[UInt8]], port: [UInt8]?) throws(ClientError) {
        let name = words.first.map(Self.name) ?? []
        if name.isEmpty || name == Self.programName {
            try self.init(options: words.dropFirst())
        } else {
            let request = try Request(command: name, arguments: words.dropFirst(), port: port)
            self = .forward(request)
        }
    }

    /// What stands behind the last slash of a path. A login shell's name begins with a minus, which is no part of it.
    private static func name(_ path: [UInt8]) -> [UInt8] {
        let start = path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
        let name = path[start...]
        return Array(name.first == UInt8(ascii: "-") ? name.dropFirst() : name)
    }

    /// Options stand before the port; everything after it belongs to the command.
    private init(options words: ArraySlice<[UInt8]>) throws(ClientError) {
        var request = Request()
        var rest = words
        while let word = rest.first, word.first == UInt8(ascii: "-"), word.count > 1 {
            rest.removeFirst()
            if word == "--" {
                break
            } else if word == "-h" || word == "--help" {
                self = .help
                return
            } else if word == "--version" {
                self = .version
                return
            }
            try request.apply(word, takingValueFrom: &rest)
        }
        guard let port = rest.popFirst() else {
            throw .usage("a port number or the path of a socket is missing")
        }
        request.port = port
        if let word = rest.first, word == "--" {
            rest.removeFirst()
        }
        if !rest.isEmpty {
            request.command = Array(rest)
        } else if request.runsLocally {
            throw .usage("--or-exec needs a command, to run it where no daemon can be reached")
        }
        try request.checkOptionsTogether()
        self = .forward(request)
    }
}

extension Collection<UInt8> {
    /// Whether the bytes are those of `text`. They are compared as bytes, not as Unicode text.
    static func == (word: Self, text: StaticString) -> Bool {
        word.elementsEqual(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
}
