/// FastCGI, as a web server speaks it to an application: a responder's request with the payload as standard input.
struct FastCGICodec: Codec {
    /// The types of records that are used here; each record begins with version, type, request, length and padding.
    private enum Kind: UInt8 {
        case begin = 1
        case parameters = 4
        case input = 5
    }

    let request: [UInt8]
    private let expected: [UInt8]?

    init(_ options: Options) {
        let method = options.payloadBytes > 0 ? "POST" : "GET"
        let parameters = [
            ("REQUEST_METHOD", method), ("CONTENT_LENGTH", String(options.payloadBytes)), ("SCRIPT_NAME", "/"),
        ]
        let keepsOpen: UInt8 = options.reconnects ? 0 : 1
        var bytes = Self.record(.begin, [0, 1, keepsOpen, 0, 0, 0, 0, 0])
        bytes += Self.stream(
            .parameters, parameters.flatMap { [UInt8($0.utf8.count), UInt8($1.utf8.count)] + Array(($0 + $1).utf8) })
        request = bytes + Self.stream(.input, options.input)
        expected = options.expectedContent
    }

    func makeScanner() -> FastCGIScanner {
        FastCGIScanner(content: ContentCheck(expected))
    }

    private static func record(_ kind: Kind, _ content: some Collection<UInt8>) -> [UInt8] {
        [1, kind.rawValue, 0, 1, UInt8(content.count >> 8), UInt8(content.count & 0xFF), 0, 0] + Array(content)
    }

    /// A record holds 65,535 bytes at most, and an empty one ends a stream.
    private static func stream(_ kind: Kind, _ content: [UInt8]) -> [UInt8] {
        let starts = stride(from: 0, to: content.count, by: 65_528)
        return starts.flatMap { record(kind, content[$0..<min($0 + 65_528, content.count)]) } + record(kind, [])
    }
}

/// Finds the ends of replies: a record that says so, behind the records of standard output, which is a header, an empty line
/// and the content. A reply with anything on standard error, or that was not accepted, is a refusal.
struct FastCGIScanner: ReplyScanner {
    private static let end: UInt8 = 3, output: UInt8 = 6, errors: UInt8 = 7
    private static let headerCount = 8

    private var content: ContentCheck
    private var header = [UInt8](repeating: 0, count: headerCount)
    private var headerBytes = 0
    /// Bytes of the current record still to come, and those behind it that only fill it up.
    private var remaining = 0
    private var padding = 0
    private var isBegun = false
    /// How many bytes of the empty line that ends the header of the output have come.
    private var ofEmptyLine = 0
    private var endBytes: [UInt8] = []
    private var text: [UInt8] = []

    init(content: ContentCheck) {
        self.content = content
    }

    var isInsideReply: Bool { isBegun }

    var refusal: String { text.isEmpty ? "the application did not serve it" : String(decoding: text, as: UTF8.self) }

    mutating func nextReply(in bytes: RawSpan, at offset: inout Int) throws(MalformedReply) -> Reply? {
        while true {
            if headerBytes < Self.headerCount {
                guard try readHeader(in: bytes, at: &offset) else { return nil }
            }
            let taken = min(remaining, bytes.byteCount - offset)
            take(bytes, at: offset, count: taken)
            offset += taken
            remaining -= taken
            guard remaining == 0 else { return nil }
            let skipped = min(padding, bytes.byteCount - offset)
            offset += skipped
            padding -= skipped
            guard padding == 0 else { return nil }
            headerBytes = 0
            if header[1] == Self.end { return try finish() }
        }
    }

    /// - Returns: whether the header of a record is whole.
    private mutating func readHeader(in bytes: RawSpan, at offset: inout Int) throws(MalformedReply) -> Bool {
        while headerBytes < Self.headerCount {
            guard offset < bytes.byteCount else { return false }
            if !isBegun { begin() }
            header[headerBytes] = bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
            headerBytes += 1
            offset += 1
        }
        guard header[0] == 1, header[1] == Self.end || header[1] == Self.output || header[1] == Self.errors else {
            throw MalformedReply(reason: "a reply has a record of version \(header[0]) and type \(header[1])")
        }
        remaining = Int(header[4]) << 8 | Int(header[5])
        padding = Int(header[6])
        return true
    }

    private mutating func begin() {
        (isBegun, ofEmptyLine) = (true, 0)
        content.begin()
        text.removeAll(keepingCapacity: true)
        endBytes.removeAll(keepingCapacity: true)
    }

    private mutating func take(_ bytes: RawSpan, at offset: Int, count: Int) {
        switch header[1] {
        case Self.output:
            let skipped = skipHead(bytes, at: offset, count: count)
            content.take(bytes, at: offset + skipped, count: count - skipped)
        case Self.errors:
            for index in offset..<offset + min(count, 200 - min(200, text.count)) {
                text.append(bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self))
            }
        default:
            for index in offset..<offset + min(count, 8 - min(8, endBytes.count)) {
                endBytes.append(bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self))
            }
        }
    }

    /// - Returns: how many of the bytes belong to the header of the output.
    private mutating func skipHead(_ bytes: RawSpan, at offset: Int, count: Int) -> Int {
        var skipped = 0
        while ofEmptyLine < 4, skipped < count {
            let byte = bytes.unsafeLoad(fromByteOffset: offset + skipped, as: UInt8.self)
            let wanted: UInt8 = ofEmptyLine % 2 == 0 ? 0x0D : 0x0A
            ofEmptyLine = byte == wanted ? ofEmptyLine + 1 : byte == 0x0D ? 1 : 0
            skipped += 1
        }
        return skipped
    }

    /// The end says: 4 bytes of the application's status, and one that is 0 where the request was accepted.
    private mutating func finish() throws(MalformedReply) -> Reply {
        isBegun = false
        guard text.isEmpty, endBytes.count == 8, endBytes[..<5].allSatisfy({ $0 == 0 }) else { return .refusal }
        try content.check()
        return .answer
    }
}
