#if !hasFeature(Embedded)
    import FastDaemonClient
#endif

/// What the words after the program's name ask for.
enum Invocation {
    /// `-h`, `--help`.
    case help
    /// `--version`.
    case version
    /// A command for a daemon.
    case forward(Request)

    /// Options stand before the port; everything after it belongs to the command.
    init(_ words: [[UInt8]]) throws(ClientError) {
        var request = Request()
        var rest = words[...]
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
        }
        self = .forward(request)
    }
}

/// A command, and where it goes.
struct Request {
    /// How the request's two strings are made.
    enum Form {
        /// The command line, quoted, then standard input.
        case record
        /// Standard input, then the words joined by single spaces, as the original of this protocol has it.
        case classic
    }

    var host: [UInt8]?
    var isDatagram = false
    var form: Form?
    var port: [UInt8] = []
    var command = [Array("help".utf8)]

    fileprivate mutating func apply(
        _ option: [UInt8], takingValueFrom rest: inout ArraySlice<[UInt8]>
    ) throws(ClientError) {
        if option == "--dgram" {
            isDatagram = true
        } else if option == "--record" {
            try choose(.record)
        } else if option == "--classic" {
            try choose(.classic)
        } else if option == "--host" {
            guard let value = rest.popFirst() else {
                throw .usage("--host needs the name or address of a host")
            }
            host = value
        } else if option.prefix(7) == "--host=" {
            host = Array(option.dropFirst(7))
        } else {
            throw .usage("there is no option " + String(decoding: option, as: UTF8.self))
        }
    }

    private mutating func choose(_ form: Form) throws(ClientError) {
        if let chosen = self.form, chosen != form {
            throw .usage("--record and --classic exclude each other")
        }
        self.form = form
    }
}

extension Collection<UInt8> {
    /// Whether the bytes are those of `text`. They are compared as bytes, not as Unicode text.
    fileprivate static func == (word: Self, text: StaticString) -> Bool {
        word.elementsEqual(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
}
