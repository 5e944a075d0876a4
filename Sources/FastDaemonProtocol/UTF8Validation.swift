/// Tells UTF-8 from bytes that are not, as strictly as the Unicode Standard: no overlong forms, no surrogates, nothing
/// above U+10FFFF, no sequence cut short.
public enum UTF8Validation {
    /// Where the first ill-formed sequence of `bytes` begins; `nil` where all of them are UTF-8.
    public static func firstInvalidOffset(in bytes: RawSpan) -> Int? {
        var offset = bytes.endOfASCII(from: 0)
        while offset < bytes.byteCount {
            guard let length = lengthOfSequence(at: offset, in: bytes) else { return offset }
            offset += length
            // Text in other scripts has many such sequences on end: the search for ASCII is not worth starting there.
            if offset < bytes.byteCount, bytes.byte(at: offset) < 0x80 { offset = bytes.endOfASCII(from: offset) }
        }
        return nil
    }

    /// How many bytes the well-formed sequence at `offset` has; `nil` where it is ill-formed or no lead byte stands there.
    ///
    /// The Unicode Standard 16.0, table 3-7: the lead byte fixes the length, and how far the second byte may range.
    private static func lengthOfSequence(at offset: Int, in bytes: RawSpan) -> Int? {
        let length: Int
        let second: ClosedRange<UInt8>
        switch bytes.byte(at: offset) {
        case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: return nil
        }
        guard bytes.byteCount - offset >= length, second.contains(bytes.byte(at: offset + 1)) else { return nil }
        if length > 2, bytes.byte(at: offset + 2) & 0xC0 != 0x80 { return nil }
        if length > 3, bytes.byte(at: offset + 3) & 0xC0 != 0x80 { return nil }
        return length
    }
}

extension RawSpan {
    /// Where the run of ASCII at `start` ends.
    @inline(__always)
    fileprivate func endOfASCII(from start: Int) -> Int {
        var offset = start
        // 64 bytes a step, as wide as a cache line: the answer is needed for all of them at once only.
        while byteCount - offset >= 64 {
            let block = unsafeLoadUnaligned(fromByteOffset: offset, as: SIMD8<UInt64>.self)
            let half = block.lowHalf | block.highHalf
            let quarter = half.lowHalf | half.highHalf
            if (quarter[0] | quarter[1]) & UInt64(repeating: 0x80) != 0 { break }
            offset += 64
        }
        return firstOffset(from: offset) { $0 & UInt64(repeating: 0x80) }
    }
}
