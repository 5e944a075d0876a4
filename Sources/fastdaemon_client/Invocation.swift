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
            try self.init(options: Arguments(words))
        } else {
            let request = try Request(command: name, arguments: Arguments(words), port: port)
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
    private init(options words: Arguments) throws(ClientError) {
        let request = Request()
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
        guard let port = rest.first else {
            throw .usage("a port number or the path of a socket is missing")
        }
        rest.removeFirst()
        request.port = port
        if let word = rest.first, word == "--" {
            rest.removeFirst()
        }
        if rest.first != nil {
            request.command = rest.all()
        } else if request.runsLocally {
            throw .usage("--or-exec needs a command, to run it where no daemon can be reached")
        }
        try request.checkOptionsTogether()
        self = .forward(request)
    }
}

/// Words of the program that were not looked at yet.
struct Arguments {
    private let words: [[UInt8]]
    private var index = 1

    /// All but the first of the program's words.
    init(_ words: [[UInt8]]) {
        self.words = words
    }

    /// The first of them; `nil` where none is left.
    var first: [UInt8]? { index < words.count ? words[index] : nil }

    /// - Precondition: one is left.
    mutating func removeFirst() {
        index += 1
    }

    /// All of them, behind a word where one is given.
    func all(after word: [UInt8]? = nil) -> [[UInt8]] {
        var rest: [[UInt8]] = []
        if let word { rest.append(word) }
        for index in index..<words.count { rest.append(words[index]) }
        return rest
    }
}

extension [UInt8] {
    /// Whether the bytes are those of `text`. They are compared as bytes, not as Unicode text.
    @inline(never)
    static func == (word: [UInt8], text: StaticString) -> Bool {
        guard word.count == text.utf8CodeUnitCount else { return false }
        for index in word.indices where word[index] != text.utf8Start[index] { return false }
        return true
    }
}
