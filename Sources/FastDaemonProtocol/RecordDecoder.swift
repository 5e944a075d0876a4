/// Takes bytes as they come and gives records, for whoever has no buffer of its own.
///
/// However the bytes are split, the same records and the same error come out. The buffer grows with the bytes that came,
/// never with a count that was only declared, and each byte is moved a bounded number of times even where they come one
/// at a time.
public struct RecordDecoder: Sendable {
    /// The most bytes that the two strings of a record may have together.
    public let limit: Int

    /// The bytes that came, from some record on.
    private(set) var buffer: [UInt8] = []
    /// Where the first record that was not taken yet begins in `buffer`.
    private var start = 0

    /// A decoder that was given nothing yet.
    public init(limit: Int) {
        self.limit = limit
    }

    /// Gives the decoder the bytes that follow those it was given before.
    public mutating func append(_ bytes: RawSpan) {
        // Bytes move only where at least as many were taken since they last moved.
        if start >= buffer.count - start {
            buffer.removeFirst(start)
            start = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// Gives the decoder the bytes that follow those it was given before.
    public mutating func append(_ bytes: [UInt8]) {
        append(bytes.span.bytes)
    }

    /// Takes the next record; `nil` where more bytes are needed first.
    ///
    /// - Throws: `RecordError.tooLong`, `RecordError.notUTF8`. An error stays: every later call throws it again.
    public mutating func next() throws(RecordError) -> Record? {
        guard let (record, count) = try first() else { return nil }
        start += count
        return record
    }

    private func first() throws(RecordError) -> (record: Record, byteCount: Int)? {
        let bytes = buffer.span.bytes.extracting(start..<buffer.count)
        guard case .record(let bounds) = try RecordScanner.scan(bytes, limit: limit) else { return nil }
        let first = [UInt8](bytes.extracting(bounds.first))
        let second = [UInt8](bytes.extracting(bounds.second))
        return (Record(first: first, second: second), bounds.end)
    }

    /// Checks that a stream which ends here ends between records. Records that were not taken yet stay to be taken.
    ///
    /// - Throws: `RecordError.endedEarly`, or what `next()` would throw.
    public func finish() throws(RecordError) {
        try RecordScanner.checkEnd(of: buffer.span.bytes.extracting(start..<buffer.count), limit: limit)
    }
}
