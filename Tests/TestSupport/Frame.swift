/// One frame of a session, put together and taken apart by the page of the protocol alone: what a test says of bytes must not
/// be what the code under test says of them.
public struct Frame: Equatable, Sendable, CustomStringConvertible {
    /// The type, the first byte.
    public var type: UInt8
    /// What the frame carries.
    public var payload: [UInt8]

    /// A frame of any type and payload, also of those that break the rules.
    public init(_ type: UInt8, _ payload: [UInt8] = []) {
        self.type = type
        self.payload = payload
    }

    /// The frame as it travels.
    public var bytes: [UInt8] { Frame.header(type, payload.count) + payload }

    /// In words, for people.
    public var description: String {
        let text = payload.prefix(60).map { (32..<127).contains($0) ? String(UnicodeScalar($0)) : "\\\($0)" }.joined()
        return "\(String(type, radix: 16)) (\(payload.count)) \(text)"
    }

    /// The first four bytes of a frame whose payload need not follow.
    public static func header(_ type: UInt8, _ length: Int) -> [UInt8] {
        [type, UInt8(length >> 16 & 0xFF), UInt8(length >> 8 & 0xFF), UInt8(length & 0xFF)]
    }

    // MARK: - A client's

    /// HELLO, with what a later version may put behind its twelve bytes.
    public static func clientHello(
        major: UInt8 = 1, minor: UInt8 = 0, zero: [UInt8] = [0, 0], capabilities: UInt32 = 0,
        window: UInt32 = 262_144, more: [UInt8] = []
    ) -> Frame {
        Frame(0xFD, [major, minor] + zero + bigEndian(capabilities) + bigEndian(window) + more)
    }

    /// ARGUMENTS of words.
    public static func arguments(_ words: String...) -> Frame { strings(0x01, words.map { Array($0.utf8) }) }

    /// ENVIRONMENT of `NAME=VALUE` strings.
    public static func environment(_ strings: String...) -> Frame {
        self.strings(0x02, strings.map { Array($0.utf8) })
    }

    /// A frame of strings, each with a zero byte after it.
    public static func strings(_ type: UInt8, _ strings: [[UInt8]]) -> Frame {
        Frame(type, strings.flatMap { $0 + [0] })
    }

    /// DIRECTORY.
    public static func directory(_ path: String) -> Frame { Frame(0x03, Array(path.utf8)) }

    /// TERMINALS.
    public static func terminals(_ streams: UInt8, columns: UInt16, rows: UInt16) -> Frame {
        Frame(0x04, [streams] + bigEndian(columns) + bigEndian(rows))
    }

    /// TIMEOUT.
    public static func timeout(milliseconds: UInt32) -> Frame { Frame(0x05, bigEndian(milliseconds)) }

    /// RUN.
    public static let run = Frame(0x06)

    /// INPUT; its end where there are no bytes.
    public static func input(_ bytes: [UInt8]) -> Frame { Frame(0x07, bytes) }

    /// INPUT of text; its end where there is none.
    public static func input(_ text: String) -> Frame { input(Array(text.utf8)) }

    /// SIGNAL.
    public static func signal(_ number: some BinaryInteger, columns: UInt16 = 0, rows: UInt16 = 0) -> Frame {
        Frame(0x08, [UInt8(number)] + bigEndian(columns) + bigEndian(rows))
    }

    /// CREDIT.
    public static func credit(_ count: Int) -> Frame { Frame(0x09, bigEndian(UInt32(count))) }

    // MARK: - A server's

    /// HELLO.
    public static func hello(major: UInt8 = 1, minor: UInt8 = 0) -> Frame {
        Frame(helloType, [major, minor] + [UInt8](repeating: 0, count: 10))
    }

    /// OUTPUT.
    public static func output(_ text: String) -> Frame { Frame(outputType, Array(text.utf8)) }

    /// ERRORS.
    public static func errors(_ text: String) -> Frame { Frame(errorsType, Array(text.utf8)) }

    /// PULL.
    public static func pull(_ count: UInt32 = 1) -> Frame { Frame(pullType, bigEndian(count)) }

    /// END, of call 17.
    public static func end(_ verdict: UInt8 = 0, status: UInt8 = 0, _ text: String = "") -> Frame {
        Frame(endType, [verdict, status, 0, 0, 0, 0, 0, 0, 0, 17] + text.utf8)
    }

    /// The type of HELLO.
    public static let helloType: UInt8 = 0xFD
    /// The type of OUTPUT.
    public static let outputType: UInt8 = 0x21
    /// The type of ERRORS.
    public static let errorsType: UInt8 = 0x22
    /// The type of PULL.
    public static let pullType: UInt8 = 0x23
    /// The type of END.
    public static let endType: UInt8 = 0x24
}

/// The bytes of a number, most significant first.
func bigEndian<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
    withUnsafeBytes(of: number.bigEndian) { Array($0) }
}

/// The number that bytes are, most significant first.
func number(_ bytes: some Sequence<UInt8>) -> UInt64 {
    bytes.reduce(0) { $0 << 8 | UInt64($1) }
}
