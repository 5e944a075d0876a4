/// The type of a frame: the first byte of its header.
public enum SessionFrameType: UInt8, Sendable {
    case arguments = 0x01
    case environment = 0x02
    case directory = 0x03
    case terminals = 0x04
    case timeout = 0x05
    case run = 0x06
    case input = 0x07
    case signal = 0x08
    case credit = 0x09
    case output = 0x21
    case errors = 0x22
    case pull = 0x23
    case end = 0x24
    case hello = 0xFD
}

/// The four bytes before a frame's payload, and the bounds of the protocol.
public enum SessionFrame {
    /// The first byte of a session. No record that a daemon accepts begins with it.
    public static let firstByte = SessionFrameType.hello.rawValue

    /// A first byte of at most this begins a record: the count of a string ends at 1 GiB.
    public static let lastFirstByteOfRecord: UInt8 = 0x40

    /// How many bytes a header has.
    public static let headerByteCount = 4

    /// The most bytes that the payload of a frame with data has, and that of a frame which is skipped or ends a session.
    public static let mostBytes = 65_536

    /// The most bytes that a header can announce.
    public static let mostDeclarableBytes = 0xFF_FFFF

    /// The most credit for output that may be unused, in bytes.
    public static let mostCredit = 0x7FFF_FFFF

    /// The most INPUTs that may be owed.
    public static let mostPulls = 1024

    /// The most bytes of a DIRECTORY.
    public static let longestDirectory = 4095

    /// The header of a frame, most significant byte first: what its four bytes are, stored in this order.
    ///
    /// - Precondition: `count` is at most `mostDeclarableBytes`.
    @inlinable
    public static func header(_ type: SessionFrameType, count: Int) -> UInt32 {
        (UInt32(type.rawValue) << 24 | UInt32(count)).bigEndian
    }

    /// Types that a receiver skips where it does not know them.
    static let skippedTypes: ClosedRange<UInt8> = 0x80...0xFC
}
