/// Writes records as bytes.
public enum RecordEncoder {
    /// Appends a record of two strings to `output`.
    ///
    /// - Throws: `RecordError.tooLong` where a string has more bytes than its 4-byte count can say. That is an error and
    ///   no precondition because standard input, which a user chooses, can be as long; `output` is then as it was.
    public static func append(first: RawSpan, second: RawSpan, to output: inout [UInt8]) throws(RecordError) {
        let firstCount = try headerCount(of: .first, byteCount: first.byteCount)
        let secondCount = try headerCount(of: .second, byteCount: second.byteCount)
        let byteCount = 2 * RecordHeader.byteCount + first.byteCount + second.byteCount
        output.append(addingCapacity: byteCount) { output in
            append(first, count: firstCount, to: &output)
            append(second, count: secondCount, to: &output)
        }
    }

    /// Appends `record` to `output`; see `append(first:second:to:)`.
    public static func append(_ record: Record, to output: inout [UInt8]) throws(RecordError) {
        try append(first: record.first.span.bytes, second: record.second.span.bytes, to: &output)
    }

    /// What the header says of a string of `byteCount` bytes.
    ///
    /// - Throws: `RecordError.tooLong` over 4,294,967,295 bytes.
    public static func headerCount(of part: RecordPart, byteCount: Int) throws(RecordError) -> UInt32 {
        guard let count = UInt32(exactly: byteCount) else {
            throw .tooLong(part, declared: byteCount, limit: Int(UInt32.max))
        }
        return count
    }

    private static func append(_ string: RawSpan, count: UInt32, to output: inout OutputSpan<UInt8>) {
        let header = RecordHeader.bytes(for: count)
        for index in header.indices { output.append(header[index]) }
        output.append(contentsOf: string)
    }
}
