/// The text protocol of memcached: the command's words in a line, and the payload, if any, in one of its own.
struct MemcachedCodec: Codec {
    let request: [UInt8]
    private let expected: [UInt8]?

    init(_ options: Options) {
        let line = Array("\(options.words.joined(separator: " "))\r\n".utf8)
        request = line + (options.payloadBytes > 0 ? options.input + Array("\r\n".utf8) : [])
        expected = options.expectedContent
    }

    func makeScanner() -> MemcachedScanner {
        MemcachedScanner(content: ContentCheck(expected))
    }
}

/// Finds the ends of replies: the line END behind what was found, which may be nothing, or any other single line.
struct MemcachedScanner: ReplyScanner {
    private enum Line {
        case value(Int)
        case end
        case error(String)
    }

    private var lines = LineScanner()
    private var content: ContentCheck
    private var isInsideValues = false
    /// Bytes of a value still to come, the line end behind it included.
    private var remaining = 0
    private(set) var refusal = ""

    init(content: ContentCheck) {
        self.content = content
    }

    var isInsideReply: Bool { isInsideValues || lines.isInsideLine }

    mutating func nextReply(in bytes: RawSpan, at offset: inout Int) throws(MalformedReply) -> Reply? {
        while true {
            let taken = min(remaining, bytes.byteCount - offset)
            content.take(bytes, at: offset, count: max(0, min(taken, remaining - 2)))
            offset += taken
            remaining -= taken
            guard remaining == 0, let line = try lines.nextLine(in: bytes, at: &offset, Self.read) else { return nil }
            if !isInsideValues { content.begin() }
            switch line {
            case .value(let count): (isInsideValues, remaining) = (true, count + 2)
            case .error(let text):
                (isInsideValues, refusal) = (false, text)
                return .refusal
            case .end:
                isInsideValues = false
                try content.check()
                return .answer
            }
        }
    }

    private static func read(_ line: UnsafeRawBufferPointer) throws(MalformedReply) -> Line {
        if line.begins(with: "value ") {
            // VALUE key flags bytes
            let fields = line.split(separator: UInt8(ascii: " "))
            guard fields.count >= 4, let count = UnsafeRawBufferPointer(rebasing: fields[3]).number(from: 0) else {
                throw MalformedReply(reason: "a reply that begins '\(line.text)' is not memcached's")
            }
            return .value(count)
        }
        let isError =
            line.begins(with: "error") || line.begins(with: "client_error") || line.begins(with: "server_error")
        return isError ? .error(line.text) : .end
    }
}
