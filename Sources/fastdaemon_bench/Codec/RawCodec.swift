/// No protocol: the payload goes out as it is, and as many bytes are the reply.
struct RawCodec: Codec {
    let request: [UInt8]
    private let expected: [UInt8]?

    init(_ options: Options) {
        request = options.input
        expected = options.expectedContent
    }

    func makeScanner() -> RawScanner {
        RawScanner(count: request.count, content: ContentCheck(expected))
    }
}

/// Counts the bytes of replies that are all of one length.
struct RawScanner: ReplyScanner {
    private let count: Int
    private var content: ContentCheck
    private var seen = 0

    init(count: Int, content: ContentCheck) {
        (self.count, self.content) = (count, content)
    }

    var isInsideReply: Bool { seen > 0 }
    var refusal: String { "" }

    mutating func nextReply(in bytes: RawSpan, at offset: inout Int) throws(MalformedReply) -> Reply? {
        guard offset < bytes.byteCount else { return nil }
        if seen == 0 { content.begin() }
        let taken = min(count - seen, bytes.byteCount - offset)
        content.take(bytes, at: offset, count: taken)
        offset += taken
        seen += taken
        guard seen == count else { return nil }
        seen = 0
        try content.check()
        return .answer
    }
}
