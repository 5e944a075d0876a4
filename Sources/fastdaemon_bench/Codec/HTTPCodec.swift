/// HTTP/1.1: a GET of the path that the command names, or a POST where there is a payload.
struct HTTPCodec: Codec {
    let request: [UInt8]
    private let expected: [UInt8]?

    init(_ options: Options) {
        let count = options.payloadBytes
        var head = "\(count > 0 ? "POST" : "GET") \(options.words[0]) HTTP/1.1\r\nHost: localhost\r\n"
        if count > 0 { head += "Content-Length: \(count)\r\n" }
        if options.reconnects { head += "Connection: close\r\n" }
        request = Array("\(head)\r\n".utf8) + options.input
        expected = options.expectedContent
    }

    func makeScanner() -> HTTPScanner {
        HTTPScanner(content: ContentCheck(expected))
    }
}

/// Finds the ends of replies whose length is told beforehand. Any status but 2xx is a refusal.
struct HTTPScanner: ReplyScanner {
    private enum Part { case status, fields, body }
    private enum Line {
        case status(Int)
        case length(Int)
        case other, end
    }

    private var part = Part.status
    private var lines = LineScanner()
    private var content: ContentCheck
    private var status = 0
    /// Bytes of the body still to come; nil while that is not known.
    private var remaining: Int?
    private(set) var refusal = ""

    init(content: ContentCheck) {
        self.content = content
    }

    var isInsideReply: Bool { part != .status || lines.isInsideLine }

    mutating func nextReply(in bytes: RawSpan, at offset: inout Int) throws(MalformedReply) -> Reply? {
        while part != .body {
            let isStatus = part == .status
            let line = try lines.nextLine(in: bytes, at: &offset) { (line) throws(MalformedReply) in
                isStatus ? try Self.status(line) : Self.field(line)
            }
            guard let line else { return nil }
            switch line {
            case .status(let code): (status, remaining, part) = (code, code == 204 ? 0 : nil, .fields)
            case .length(let count): remaining = count
            case .other: break
            case .end: part = .body
            }
            if part == .body { content.begin() }
        }
        guard let owed = remaining else {
            throw MalformedReply(reason: "a reply has no Content-Length, and no other way to end it is known here")
        }
        let taken = min(owed, bytes.byteCount - offset)
        content.take(bytes, at: offset, count: taken)
        offset += taken
        remaining = owed - taken
        guard remaining == 0 else { return nil }
        part = .status
        guard status / 100 == 2 else {
            refusal = "status \(status)"
            return .refusal
        }
        try content.check()
        return .answer
    }

    private static func status(_ line: UnsafeRawBufferPointer) throws(MalformedReply) -> Line {
        guard line.begins(with: "http/1."), let code = line.number(from: 8) else {
            throw MalformedReply(reason: "a reply that begins '\(line.text)' is not HTTP/1.1")
        }
        return .status(code)
    }

    private static func field(_ line: UnsafeRawBufferPointer) -> Line {
        if line.isEmpty { return .end }
        guard line.begins(with: "content-length:"), let count = line.number(from: 15) else { return .other }
        return .length(count)
    }
}
