// The bytes that mean something in a command line.

extension UInt8 {
    @inlinable static var space: UInt8 { UInt8(ascii: " ") }
    @inlinable static var tab: UInt8 { UInt8(ascii: "\t") }
    @inlinable static var newline: UInt8 { UInt8(ascii: "\n") }
    @inlinable static var singleQuote: UInt8 { UInt8(ascii: "'") }
    @inlinable static var doubleQuote: UInt8 { UInt8(ascii: "\"") }
    @inlinable static var backslash: UInt8 { UInt8(ascii: "\\") }

    /// Whether this byte separates words.
    @inlinable
    @inline(__always)
    var isSeparator: Bool {
        self == .space || self == .tab || self == .newline
    }

    /// Whether this byte is part of a word, and stands for itself there.
    @inlinable
    @inline(__always)
    var isPlain: Bool {
        if self > .backslash { return true }
        return !isSeparator && self != .singleQuote && self != .doubleQuote && self != .backslash && self != 0
    }

    /// Whether a backslash before this byte is dropped between double quotes.
    var isSpecialInDoubleQuotes: Bool {
        switch self {
        case .doubleQuote, .backslash, .newline, UInt8(ascii: "$"), UInt8(ascii: "`"): true
        default: false
        }
    }
}

extension RawSpan {
    /// Where the bytes at `start` that stand for themselves end: at a separator, a quote, a backslash or the end.
    @inline(__always)
    func endOfPlainBytes(from start: Int) -> Int {
        firstOffset(from: start) {
            $0.marks(of: .space) | $0.marks(of: .tab) | $0.marks(of: .newline)
                | $0.marks(of: .singleQuote) | $0.marks(of: .doubleQuote) | $0.marks(of: .backslash)
        }
    }

    /// Where the separators at `start` end. A continued line separates nothing by itself, but is no part of a word.
    func endOfSeparators(from start: Int) -> Int {
        var offset = start
        while offset < byteCount {
            if byte(at: offset).isSeparator {
                offset += 1
            } else if byte(at: offset) == .backslash, offset + 1 < byteCount, byte(at: offset + 1) == .newline {
                offset += 2
            } else {
                break
            }
        }
        return offset
    }
}
