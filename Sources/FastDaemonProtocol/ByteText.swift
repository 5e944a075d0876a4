/// A text as the bytes of its UTF-8, put together without a `String`.
///
/// The forwarder writes its messages with it: what a `String` knows of Unicode would be a third of that program.
///
/// ```swift
/// let text: ByteText = "no daemon at \(path), and \(count) bytes are left"
/// ```
public struct ByteText: Equatable, Sendable {
    /// The bytes.
    public private(set) var bytes: [UInt8] = []

    /// An empty text.
    public init() {}

    /// The bytes as text; each longest piece of them that is not UTF-8 becomes U+FFFD, as with `String(decoding:as:)`.
    public init(_ bytes: [UInt8]) {
        append(bytes)
    }

    /// Two texts, one after the other.
    @inline(never)
    public static func + (first: ByteText, second: ByteText) -> ByteText {
        var text = first
        text += second
        return text
    }

    /// Adds a text.
    @inline(never)
    public static func += (text: inout ByteText, more: ByteText) {
        text.bytes.append(contentsOf: more.bytes)
    }

    @inline(never)
    private mutating func append(_ literal: StaticString) {
        bytes.append(contentsOf: UnsafeRawBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
    }

    @inline(never)
    private mutating func append(_ more: [UInt8]) {
        var start = 0
        while start < more.count {
            let (end, isWhole) = ByteText.endOfCharacter(in: more, at: start)
            if isWhole {
                for index in start..<end { bytes.append(more[index]) }
            } else {
                append("\u{FFFD}" as StaticString)
            }
            start = end
        }
    }

    /// Where the character at `start`, or the beginning of one, ends (The Unicode Standard, table 3-7).
    private static func endOfCharacter(in bytes: [UInt8], at start: Int) -> (end: Int, isWhole: Bool) {
        let first = bytes[start]
        var allowed: ClosedRange<UInt8> = 0x80...0xBF
        var missing: Int
        switch first {
        case 0...0x7F: missing = 0
        case 0xC2...0xDF: missing = 1
        case 0xE0...0xEF: missing = 2
        case 0xF0...0xF4: missing = 3
        default: return (start + 1, false)
        }
        switch first {
        case 0xE0: allowed = 0xA0...0xBF
        case 0xED: allowed = 0x80...0x9F
        case 0xF0: allowed = 0x90...0xBF
        case 0xF4: allowed = 0x80...0x8F
        default: break
        }
        var end = start + 1
        while missing > 0, end < bytes.count, allowed ~= bytes[end] {
            allowed = 0x80...0xBF
            missing -= 1
            end += 1
        }
        return (end, missing == 0)
    }

    @inline(never)
    private mutating func append(_ number: UInt64) {
        let start = bytes.count
        var rest = number
        repeat {
            bytes.insert(UInt8(ascii: "0") + UInt8(rest % 10), at: start)
            rest /= 10
        } while rest > 0
    }
}

extension ByteText: ExpressibleByStringInterpolation {
    /// What stands between quotes.
    public init(stringLiteral: StaticString) {
        append(stringLiteral)
    }

    /// What stands between quotes, and what is put into it.
    public init(stringInterpolation: Interpolation) {
        self = stringInterpolation.text
    }

    /// Takes the pieces of a text.
    public struct Interpolation: StringInterpolationProtocol {
        fileprivate var text = ByteText()

        /// Nothing yet.
        public init(literalCapacity: Int, interpolationCount: Int) {}

        /// Adds what stands between quotes: between two values that may be nothing, which then costs nothing.
        @inline(__always)
        public mutating func appendLiteral(_ literal: StaticString) {
            if literal.utf8CodeUnitCount > 0 { text.append(literal) }
        }

        /// Adds a text that stays as it is.
        public mutating func appendInterpolation(_ literal: StaticString) {
            text.append(literal)
        }

        /// Adds a text.
        public mutating func appendInterpolation(_ more: ByteText) {
            text += more
        }

        /// Adds bytes as text; what is not UTF-8 becomes U+FFFD.
        public mutating func appendInterpolation(_ bytes: [UInt8]) {
            text.append(bytes)
        }

        /// Adds a decimal number.
        public mutating func appendInterpolation(_ number: Int) {
            if number < 0 { text.append("-" as StaticString) }
            text.append(UInt64(number.magnitude))
        }

        /// Adds a decimal number.
        public mutating func appendInterpolation(_ number: UInt64) {
            text.append(number)
        }
    }
}

extension ByteText: CustomStringConvertible {
    /// The text as a `String`.
    public var description: String { String(decoding: bytes, as: UTF8.self) }

    /// The text of a `String`.
    public init(_ text: String) {
        bytes = Array(text.utf8)
    }
}
