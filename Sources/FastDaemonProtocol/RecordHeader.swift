/// The count before each string of a record: 4 bytes, most significant first, counting bytes and not characters.
public enum RecordHeader {
    /// How many bytes a header takes.
    public static let byteCount = 4

    /// The header of a string of `count` bytes.
    @inlinable
    public static func bytes(for count: UInt32) -> InlineArray<4, UInt8> {
        [
            UInt8(truncatingIfNeeded: count >> 24), UInt8(truncatingIfNeeded: count >> 16),
            UInt8(truncatingIfNeeded: count >> 8), UInt8(truncatingIfNeeded: count),
        ]
    }

    /// The count that the header at `offset` declares. All four bytes must be there.
    @inlinable
    public static func count(in bytes: RawSpan, at offset: Int) -> Int {
        Int(UInt32(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self)))
    }
}
