/// Where the two strings of a complete record stand in a buffer, as offsets of bytes.
public struct RecordBounds: Equatable, Sendable {
    /// Where the first string stands, its header excluded.
    public let first: Range<Int>
    /// Where the second string stands, its header excluded.
    public let second: Range<Int>

    @inlinable
    init(first: Range<Int>, second: Range<Int>) {
        self.first = first
        self.second = second
    }

    /// Where the record ends, and the next begins.
    @inlinable public var end: Int { second.upperBound }
}

/// What stands at the start of a buffer.
public enum RecordScan: Equatable, Sendable {
    /// A whole record.
    case record(RecordBounds)
    /// The start of a record, or nothing. At least `missing` more bytes belong to it.
    case incomplete(missing: Int)
}

/// Finds records in buffers that others own. It keeps nothing between calls and allocates nothing.
///
/// A `limit` is the most bytes that the two strings of a record may have together; their headers are not counted.
public enum RecordScanner {
    /// Looks for one record at the start of `bytes`; what follows it is not looked at.
    ///
    /// A declared count is held against `limit` as soon as its header is there, so a record that is too long is refused
    /// before any of its strings is waited for. The strings are checked to be UTF-8 once both are there.
    ///
    /// - Throws: `RecordError.tooLong`, `RecordError.notUTF8`.
    @inlinable
    public static func scan(_ bytes: RawSpan, limit: Int) throws(RecordError) -> RecordScan {
        let scan = try locate(in: bytes, limit: limit)
        if case .record(let bounds) = scan {
            // Of most records every byte is ASCII, also of the counts, which is told in one go; then both strings are.
            let isASCII = bounds.end <= longestAtOnce && bytes.extracting(0..<bounds.end).isASCII
            if !isASCII { try checkUTF8(of: bounds, in: bytes) }
        }
        return scan
    }

    /// How long a record may be that is looked at as a whole: the count of a longer string is not ASCII as often as not.
    @inlinable
    static var longestAtOnce: Int { 2 * RecordHeader.byteCount + 127 }

    /// Takes a datagram for exactly one record.
    ///
    /// - Throws: any `RecordError`.
    public static func scanDatagram(_ bytes: RawSpan, limit: Int) throws(RecordError) -> RecordBounds {
        switch try scan(bytes, limit: limit) {
        case .incomplete(let missing):
            throw .endedEarly(partAtEnd(of: bytes), missing: missing)
        case .record(let bounds):
            guard bounds.end == bytes.byteCount else { throw .trailingBytes(bytes.byteCount - bounds.end) }
            return bounds
        }
    }

    /// Checks that a stream which brought `bytes` and then ended did so between records. `bytes` begins with a record,
    /// and may hold any number of them.
    ///
    /// - Throws: any `RecordError` but `trailingBytes`.
    public static func checkEnd(of bytes: RawSpan, limit: Int) throws(RecordError) {
        var offset = 0
        while offset < bytes.byteCount {
            let rest = bytes.extracting(offset..<bytes.byteCount)
            switch try scan(rest, limit: limit) {
            case .record(let bounds): offset += bounds.end
            case .incomplete(let missing): throw .endedEarly(partAtEnd(of: rest), missing: missing)
            }
        }
    }

    @inlinable
    static func locate(in bytes: RawSpan, limit: Int) throws(RecordError) -> RecordScan {
        let headers = 2 * RecordHeader.byteCount
        guard bytes.byteCount >= RecordHeader.byteCount else { return .incomplete(missing: headers - bytes.byteCount) }
        let firstCount = RecordHeader.count(in: bytes, at: 0)
        guard firstCount <= limit else { throw .tooLong(.first, declared: firstCount, limit: limit) }

        let firstEnd = RecordHeader.byteCount + firstCount
        let secondStart = firstEnd + RecordHeader.byteCount
        guard bytes.byteCount >= secondStart else { return .incomplete(missing: secondStart - bytes.byteCount) }
        let secondCount = RecordHeader.count(in: bytes, at: firstEnd)
        guard secondCount <= limit - firstCount else {
            throw .tooLong(.second, declared: firstCount + secondCount, limit: limit)
        }

        let end = secondStart + secondCount
        guard bytes.byteCount >= end else { return .incomplete(missing: end - bytes.byteCount) }
        return .record(RecordBounds(first: RecordHeader.byteCount..<firstEnd, second: secondStart..<end))
    }

    @usableFromInline
    static func checkUTF8(of bounds: RecordBounds, in bytes: RawSpan) throws(RecordError) {
        try checkUTF8(of: .first, in: bytes.extracting(bounds.first))
        try checkUTF8(of: .second, in: bytes.extracting(bounds.second))
    }

    private static func checkUTF8(of part: RecordPart, in string: RawSpan) throws(RecordError) {
        if let offset = UTF8Validation.firstInvalidOffset(in: string) { throw .notUTF8(part, offset: offset) }
    }

    /// The string that an incomplete record ends in.
    private static func partAtEnd(of bytes: RawSpan) -> RecordPart {
        guard bytes.byteCount >= RecordHeader.byteCount else { return .first }
        let firstEnd = RecordHeader.byteCount + RecordHeader.count(in: bytes, at: 0)
        return bytes.byteCount < firstEnd ? .first : .second
    }
}
