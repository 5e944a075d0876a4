#if !hasFeature(Embedded)
    import FastDaemonProtocol
#endif

/// Takes one record apart while it arrives and keeps none of it, so that a reply of any size needs no memory.
///
/// The bytes are not checked to be UTF-8: they are handed on as they are.
public struct RecordSplitter: Sendable {
    /// Four letters, digits or spaces of ASCII text that is no record, read as a count, are 512 MiB or more. A count
    /// from here on is therefore taken for another protocol.
    static let firstCountThatIsText: UInt32 = 0x2000_0000

    private var part: RecordPart? = .first
    private var count: UInt32 = 0
    private var countBytes = 0
    private var missing = 0

    /// How many bytes of the record came.
    public private(set) var received = 0

    /// Whether the whole record came.
    public var isComplete: Bool { part == nil }

    /// Before the first byte of a record.
    public init() {}

    /// Goes on from `offset` in `bytes` to the next bytes of a string, or to the end of `bytes` or of the record.
    ///
    /// - Returns: Which string, and where its bytes stand in `bytes`; `nil` where no more are there.
    /// - Throws: `ClientError.Code.notTheProtocol`.
    public mutating func next(
        in bytes: RawSpan, at offset: inout Int
    ) throws(ClientError) -> (part: RecordPart, range: Range<Int>)? {
        while let part, offset < bytes.byteCount {
            if countBytes < 4 {
                try take(bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self))
                offset += 1
            } else {
                let range = offset..<offset + min(missing, bytes.byteCount - offset)
                offset = range.upperBound
                received += range.count
                missing -= range.count
                endStringIfAllCame()
                return (part, range)
            }
        }
        return nil
    }

    private mutating func take(_ byte: UInt8) throws(ClientError) {
        count = count << 8 | UInt32(byte)
        countBytes += 1
        received += 1
        guard countBytes == 4 else { return }
        if count >= Self.firstCountThatIsText {
            throw ClientError(
                .notTheProtocol,
                "what came back is not a reply: it says that a string has \(Int(count)) bytes; is another server there?"
            )
        }
        missing = Int(count)
        endStringIfAllCame()
    }

    private mutating func endStringIfAllCame() {
        if missing == 0 {
            part = part == .first ? .second : nil
            count = 0
            countBytes = 0
        }
    }

    /// Says that no more bytes come.
    ///
    /// - Throws: `ClientError.Code.endedEarly` where the record is not complete.
    public func finish() throws(ClientError) {
        guard let part else { return }
        if received == 0 {
            throw ClientError(.endedEarly, "the daemon hung up without a reply; its log says why")
        }
        let came: ByteText = countBytes < 4 ? "nothing" : "\(Int(count) - missing) of \(Int(count)) bytes"
        throw ClientError(
            .endedEarly, "the reply ended early: \(received) bytes came, with \(came) of its \(part.name)")
    }
}
