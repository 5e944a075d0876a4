import FastDaemonProtocol

/// The daemon's records: two strings, each a 4-byte big-endian count of bytes and then those bytes.
struct RecordCodec: Codec {
    let request: [UInt8]
    private let expected: [UInt8]?

    /// - Parameters:
    ///   - words: The command and its arguments.
    ///   - input: Standard input of the command.
    ///   - isClassic: For listeners of the original protocol, where a request's strings stand the other way round, and
    ///     where no quoting is known.
    ///   - expected: The standard output that a reply must have; nil where any will do.
    init(
        words: [String], input: [UInt8], isClassic: Bool, expecting expected: [UInt8]? = nil
    ) throws(RecordError) {
        var bytes: [UInt8] = []
        if isClassic {
            let arguments = Array(words.joined(separator: " ").utf8)
            try RecordEncoder.append(first: input.span.bytes, second: arguments.span.bytes, to: &bytes)
        } else {
            let commandLine = Quoting.join(words.map { Array($0.utf8) })
            try RecordEncoder.append(first: commandLine.span.bytes, second: input.span.bytes, to: &bytes)
        }
        request = bytes
        self.expected = expected
    }

    func makeScanner() -> ReplyRecordScanner {
        ReplyRecordScanner(output: ContentCheck(expected))
    }
}

/// Finds the ends of reply records. A record whose first string is empty and whose second is not is a refusal.
struct ReplyRecordScanner: ReplyScanner {
    /// A longer string than this is taken for another protocol: `HTTP` read as a count is 1.2 GB.
    static let maximumString = 64 << 20
    private static let keptOfRefusal = 200

    private enum Part { case output, errors }

    private var part = Part.output
    private var output: ContentCheck
    private var isOutputEmpty = true
    /// The bytes of the current count that have come, and what they make so far.
    private var countBytes = 0
    private var count = 0
    /// Bytes of the current string still to come, once its count is known.
    private var remaining = 0
    private var text: [UInt8] = []

    init(output: ContentCheck = ContentCheck(nil)) {
        self.output = output
    }

    var isInsideReply: Bool { part == .errors || countBytes > 0 }

    var refusal: String { String(decoding: text, as: UTF8.self) }

    mutating func nextReply(in bytes: RawSpan, at offset: inout Int) throws(MalformedReply) -> Reply? {
        while true {
            if countBytes < 4 {
                guard try readCount(in: bytes, at: &offset) else { return nil }
            }
            skipString(in: bytes, at: &offset)
            guard remaining == 0 else { return nil }
            countBytes = 0
            switch part {
            case .output:
                (part, isOutputEmpty) = (.errors, count == 0)
            case .errors:
                part = .output
                if isOutputEmpty, count > 0 { return .refusal }
                try output.check()
                return .answer
            }
        }
    }

    /// - Returns: whether the count is whole.
    private mutating func readCount(in bytes: RawSpan, at offset: inout Int) throws(MalformedReply) -> Bool {
        if countBytes == 0 { count = 0 }
        while countBytes < 4 {
            guard offset < bytes.byteCount else { return false }
            count = count << 8 | Int(bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self))
            countBytes += 1
            offset += 1
        }
        guard count <= Self.maximumString else {
            throw MalformedReply(reason: "a reply announces a string of \(count) bytes, so it is no record")
        }
        remaining = count
        switch part {
        case .output: output.begin()
        case .errors: if isOutputEmpty { text.removeAll(keepingCapacity: true) }
        }
        return true
    }

    private mutating func skipString(in bytes: RawSpan, at offset: inout Int) {
        let taken = min(remaining, bytes.byteCount - offset)
        if part == .output {
            output.take(bytes, at: offset, count: taken)
        } else if isOutputEmpty, text.count < Self.keptOfRefusal {
            for index in offset..<offset + min(taken, Self.keptOfRefusal - text.count) {
                text.append(bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self))
            }
        }
        offset += taken
        remaining -= taken
    }
}

extension RecordCodec {
    /// - Throws: where the request is too long for a record.
    init(_ options: Options) throws(UsageError) {
        do throws(RecordError) {
            try self.init(
                words: options.words, input: options.input, isClassic: options.isClassic,
                expecting: options.expectedContent)
        } catch {
            throw UsageError(reason: "\(error)")
        }
    }
}
