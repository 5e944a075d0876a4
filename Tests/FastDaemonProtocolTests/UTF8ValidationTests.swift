import FastDaemonProtocol
import Testing

private func firstInvalidOffset(_ bytes: [UInt8]) -> Int? {
    UTF8Validation.firstInvalidOffset(in: bytes.span.bytes)
}

@Suite("UTF-8")
struct UTF8ValidationTests {
    @Test("Every scalar that Unicode has is accepted, and all of them on end")
    func everyScalar() {
        var text: [UInt8] = []
        for range in [UInt32(0)...0xD7FF, 0xE000...0x10FFFF] {
            for scalar in range.lazy.compactMap(Unicode.Scalar.init) { text += Array(UTF8.encode(scalar)!) }
        }
        #expect(text.count == 0x80 + 2 * 0x780 + 3 * (0xF800 - 0x800) + 4 * 0x10_0000)
        #expect(firstInvalidOffset(text) == nil)
        #expect(firstInvalidOffset(text + [0x80]) == text.count)
    }

    @Test("Sequences of one and two bytes, all of them, are judged by the definition")
    func oneAndTwoBytes() {
        for first in UInt8.min ... .max {
            expectDefinition([first])
            for second in UInt8.min ... .max { expectDefinition([first, second]) }
        }
    }

    @Test("Sequences of three and four bytes, with tails at all edges, are judged by the definition")
    func threeAndFourBytes() {
        let edges: [UInt8] = [0x00, 0x7F, 0x80, 0xBF, 0xC0, 0xFF]
        // What table 3-7 of the Unicode Standard tells apart in second bytes.
        let seconds: [UInt8] = [0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF]
        for first in UInt8(0x80) ... .max {
            for second in seconds {
                for third in edges {
                    expectDefinition([first, second, third])
                    if first >= 0xF0 { for fourth in edges { expectDefinition([first, second, third, fourth]) } }
                }
            }
        }
    }

    private func expectDefinition(_ bytes: [UInt8]) {
        let offset = firstInvalidOffset(bytes)
        if offset != offsetByDefinition(bytes) { Issue.record("\(bytes) gave \(offset as Int?)") }
    }

    @Test("The first ill-formed sequence is found at every place, around the steps of the search")
    func everyPlace() {
        for count in [1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 200, 255, 256, 257]
        {
            var bytes = [UInt8](repeating: 0x61, count: count)
            #expect(firstInvalidOffset(bytes) == nil)
            for place in bytes.indices {
                for wrong in [0x80, 0xC0, 0xE2, 0xFF] as [UInt8] {
                    bytes[place] = wrong
                    #expect(firstInvalidOffset(bytes) == place)
                    // A second one behind it changes nothing.
                    bytes[count - 1] = 0xFE
                    #expect(firstInvalidOffset(bytes) == place)
                    bytes[count - 1] = 0x61
                }
                bytes[place] = 0x61
            }
        }
    }

    @Test("The first ill-formed sequence is found wherever in memory a long text begins")
    func everyAlignment() {
        for count in [128, 144, 159, 300] {
            for start in 0..<16 {
                var bytes = [UInt8](repeating: 0x61, count: start + count)
                // What stands before it is none of its business.
                for index in 0..<start { bytes[index] = 0xFF }
                #expect(UTF8Validation.firstInvalidOffset(in: bytes.span.bytes.extracting(start...)) == nil)
                for place in 0..<count {
                    bytes[start + place] = 0x80
                    #expect(UTF8Validation.firstInvalidOffset(in: bytes.span.bytes.extracting(start...)) == place)
                    bytes[start + place] = 0x61
                }
            }
        }
    }

    @Test("A sequence cut short begins the offset, wherever it stands", arguments: ["é", "漢", "😀"])
    func cutShort(character: String) {
        for before in 0..<130 {
            let bytes = [UInt8](repeating: 0x61, count: before) + Array(character.utf8)
            #expect(firstInvalidOffset(bytes) == nil)
            for cut in before + 1..<bytes.count { #expect(firstInvalidOffset(Array(bytes[..<cut])) == before) }
        }
    }

    @Test("Nothing is UTF-8")
    func empty() {
        #expect(firstInvalidOffset([]) == nil)
    }
}

/// Where the first ill-formed sequence begins by the definition of UTF-8 (the Unicode Standard 16.0, D92): the bits of
/// a sequence are those of a scalar, which has no shorter sequence.
private func offsetByDefinition(_ bytes: [UInt8]) -> Int? {
    var offset = 0
    while offset < bytes.count {
        let lead = bytes[offset]
        let length = lead < 0x80 ? 1 : (~lead).leadingZeroBitCount
        let sequence = bytes[offset...].prefix(length)
        let bits = sequence.dropFirst().reduce(UInt32(lead) & (length == 1 ? 0x7F : 0xFF >> UInt32(length + 1))) {
            $0 << 6 | UInt32($1 & 0x3F)
        }
        guard sequence.count == length, lead < 0x80 || (2...4).contains(length),
            sequence.dropFirst().allSatisfy({ $0 & 0xC0 == 0x80 }),
            let scalar = Unicode.Scalar(bits), UTF8.width(scalar) == length
        else { return offset }
        offset += length
    }
    return nil
}
