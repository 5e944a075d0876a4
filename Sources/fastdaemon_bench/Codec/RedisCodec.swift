/// The protocol of Redis (RESP): a request is an array of strings, the payload its last one.
struct RedisCodec: Codec {
    let request: [UInt8]
    private let expected: [UInt8]?

    init(_ options: Options) {
        var words = options.words.map { Array($0.utf8) }
        if options.payloadBytes > 0 { words.append(options.input) }
        request = words.reduce(Array("*\(words.count)\r\n".utf8)) { bytes, word in
            bytes + Array("$\(word.count)\r\n".utf8) + word + Array("\r\n".utf8)
        }
        expected = options.expectedContent
    }

    func makeScanner() -> RedisScanner {
        RedisScanner(content: ContentCheck(expected))
    }
}

/// Finds the ends of replies that are one string, number or error.
struct RedisScanner: ReplyScanner {
    private var lines = LineScanner()
    private var content: ContentCheck
    /// Bytes of a string still to come, the line end behind it included.
    private var remaining = 0
    private(set) var refusal = ""

    init(content: ContentCheck) {
        self.content = content
    }

    var isInsideReply: Bool { remaining > 0 || lines.isInsideLine }

    private enum Head {
        case whole
        case string(Int)
        case error(String)
    }

    mutating func nextReply(in bytes: RawSpan, at offset: inout Int) throws(MalformedReply) -> Reply? {
        if remaining == 0 {
            guard let head = try lines.nextLine(in: bytes, at: &offset, Self.head) else { return nil }
            content.begin()
            switch head {
            case .error(let text):
                refusal = text
                return .refusal
            case .whole:
                try content.check()
                return .answer
            case .string(let count): remaining = count + 2
            }
        }
        let taken = min(remaining, bytes.byteCount - offset)
        content.take(bytes, at: offset, count: max(0, min(taken, remaining - 2)))
        offset += taken
        remaining -= taken
        guard remaining == 0 else { return nil }
        try content.check()
        return .answer
    }

    private static func head(_ line: UnsafeRawBufferPointer) throws(MalformedReply) -> Head {
        switch line.first {
        case UInt8(ascii: "$"):
            if line.begins(with: "$-1") { return .whole }
            guard let count = line.number(from: 1) else { break }
            return .string(count)
        case UInt8(ascii: "+"), UInt8(ascii: ":"): return .whole
        case UInt8(ascii: "-"): return .error(line.text)
        default: break
        }
        throw MalformedReply(reason: "a reply that begins '\(line.text)' is no string, number or error of Redis")
    }
}
