import FastDaemonProtocol
import Testing

@Suite("The bytes of a record")
struct RecordBytesTests {
    @Test("The published vector is what a record becomes")
    func vectorEncodes() throws {
        #expect(try encode(Vector.record) == Vector.bytes)
    }

    @Test("The published vector is taken for its record")
    func vectorDecodes() throws {
        #expect(Decoded(Vector.bytes).records == [Vector.record])
        let bounds = try scanDatagram(Vector.bytes, limit: 49)
        #expect(bounds.first == 4..<30)
        #expect(bounds.second == 34..<57)
        #expect(bounds.end == 57)
    }

    @Test("The misprinted vector, a shorter string under the old count, is four bytes short")
    func misprintedVector() throws {
        let bytes = header(26) + Vector.record.first + header(0x17) + Array("nbdev_clean --stdin".utf8)
        #expect(Decoded(bytes).error == .endedEarly(.second, missing: 4))
    }

    @Test("A count is of bytes, not of characters")
    func countsBytes() throws {
        #expect(try encode(Record("é", "漢😀")) == [0, 0, 0, 2, 0xC3, 0xA9, 0, 0, 0, 7] + Array("漢😀".utf8))
        #expect(Decoded(try encode(Record("é", "e\u{301}"))).records == [Record("é", "e\u{301}")])
    }

    @Test("Two spellings of one letter are two records")
    func spellingsDiffer() {
        #expect(Record("é", "") != Record("e\u{301}", ""))
    }

    @Test("A record of two empty strings is eight zeros")
    func emptyStrings() throws {
        #expect(try encode(Record("", "")) == [UInt8](repeating: 0, count: 8))
        #expect(Decoded([UInt8](repeating: 0, count: 24)).records == Array(repeating: Record("", ""), count: 3))
    }

    @Test("A header is most significant byte first", arguments: [0, 1, 0xFF, 0x100, 0x0102_0304, UInt32.max])
    func headers(count: UInt32) {
        let bytes = header(count)
        #expect(bytes == [24, 16, 8, 0].map { UInt8(count >> UInt32($0) & 0xFF) })
        #expect(readHeader(in: [9] + bytes, at: 1) == Int(count))
    }

    @Test("A string that no header can count is a typed error")
    func uncountable() throws {
        let most = Int(UInt32.max)
        #expect(try RecordEncoder.headerCount(of: .first, byteCount: most) == .max)
        #expect(throws: RecordError.tooLong(.second, declared: most + 1, limit: most)) {
            try RecordEncoder.headerCount(of: .second, byteCount: most + 1)
        }
    }
}
