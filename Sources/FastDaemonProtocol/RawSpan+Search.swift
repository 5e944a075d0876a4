// Searches of eight bytes at a time, on plain 64-bit words: command lines are too short for vectors to pay.

extension RawSpan {
    /// How much of a long text is looked at together, in bytes.
    private static var blockSize: Int { 128 }

    /// Where the blocks from the start on end that are ASCII. There is one block at least.
    private var endOfASCIIBlocks: Int {
        withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return 0 }
            if start.loadUnaligned(as: SIMD2<UInt64>.self).hasHighBit { return 0 }
            // From here on a vector is loaded and joined to the others by one instruction.
            var offset = 16 - Int(bitPattern: start) & 15
            let last = bytes.count - Self.blockSize
            while offset <= last {
                let block = start + offset
                var all = block.load(as: SIMD2<UInt64>.self)
                for index in 1..<8 { all |= block.load(fromByteOffset: 16 * index, as: SIMD2<UInt64>.self) }
                if all.hasHighBit { return offset }
                offset &+= Self.blockSize
            }
            return offset
        }
    }

    /// How many bytes from the start on are ASCII for sure: all of them, or as many as stand before the block, or the word of
    /// eight, in which another is found.
    var endOfASCII: Int {
        let high = UInt64(repeating: 0x80)
        // Most texts are short.
        var offset = byteCount < Self.blockSize ? 0 : endOfASCIIBlocks
        if byteCount - offset >= Self.blockSize { return offset }
        while byteCount - offset >= 8 {
            if word(at: offset) & high != 0 { return offset }
            offset += 8
        }
        if offset < byteCount, lastWord(from: offset) & high != 0 { return offset }
        return byteCount
    }

    /// Whether all bytes are ASCII, of which there are eight at least.
    @inlinable
    var isASCII: Bool {
        withUnsafeBytes { bytes in
            // The last eight may be looked at twice.
            var all = bytes.loadUnaligned(fromByteOffset: bytes.count - 8, as: UInt64.self)
            var offset = 0
            while offset < bytes.count - 8 {
                all |= bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                offset &+= 8
            }
            return all & UInt64(repeating: 0x80) == 0
        }
    }

    /// The byte at `offset`.
    @inlinable
    @inline(__always)
    func byte(at offset: Int) -> UInt8 {
        unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }

    /// The offset of the first byte from `start` on that `marks` marks, or `byteCount` where it marks none.
    ///
    /// - Parameter marks: Given eight bytes, the first of them the least significant, sets the top bit of each that is
    ///   searched for. Bits above the lowest such bit do not matter.
    @inline(__always)
    func firstOffset(from start: Int, marks: (UInt64) -> UInt64) -> Int {
        var offset = start
        while byteCount - offset >= 8 {
            let found = marks(word(at: offset))
            if found != 0 { return offset + found.trailingZeroBitCount / 8 }
            offset += 8
        }
        if offset == byteCount { return byteCount }
        // The last word is filled up with zeros, and a search for zeros may find those.
        return min(offset + marks(lastWord(from: offset)).trailingZeroBitCount / 8, byteCount)
    }

    @inline(__always)
    private func word(at offset: Int) -> UInt64 {
        UInt64(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    @inline(__always)
    private func half(at offset: Int) -> UInt32 {
        UInt32(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    /// The one to seven bytes from `offset` to the end.
    @inline(__always)
    private func lastWord(from offset: Int) -> UInt64 {
        let count = byteCount - offset
        if byteCount >= 8 { return word(at: byteCount - 8) >> UInt64(8 * (8 - count)) }
        if count == byteCount, count >= 4 {
            // Two halves, which may overlap.
            return UInt64(half(at: 0)) | UInt64(half(at: count - 4)) << UInt64(8 * (count - 4))
        }
        var word: UInt64 = 0
        for index in 0..<count { word |= UInt64(byte(at: offset + index)) << UInt64(8 * index) }
        return word
    }
}

extension SIMD2<UInt64> {
    /// Whether any of the sixteen bytes has its top bit set.
    @inline(__always)
    fileprivate var hasHighBit: Bool { (self[0] | self[1]) & UInt64(repeating: 0x80) != 0 }
}

extension UInt64 {
    /// A word of eight times the same byte.
    @inlinable
    @inline(__always)
    init(repeating byte: UInt8) {
        self = UInt64(byte) &* 0x0101_0101_0101_0101
    }

    /// Sets the top bit of the first byte that is `byte`, and maybe of bytes after it, as `RawSpan.firstOffset` wants it.
    @inline(__always)
    func marks(of byte: UInt8) -> UInt64 {
        let difference = self ^ UInt64(repeating: byte)
        // A byte of zero borrows and so gets its top bit; the borrow can reach only the bytes after it.
        return (difference &- UInt64(repeating: 0x01)) & ~difference & UInt64(repeating: 0x80)
    }
}
