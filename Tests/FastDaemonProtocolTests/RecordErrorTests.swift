import FastDaemonProtocol
import Testing

@Suite("Bytes that are no record")
struct RecordErrorTests {
    @Test("A limit counts the bytes of both strings and not the headers", arguments: [(0, 8), (8, 0), (3, 5)])
    func limitAtItsEdge(first: Int, second: Int) throws {
        let record = Record(String(repeating: "a", count: first), String(repeating: "b", count: second))
        let bytes = try encode(record)
        for limit in [8, 9] { #expect(Decoded(bytes, limit: limit).records == [record]) }
        let part: RecordPart = first > 7 ? .first : .second
        #expect(Decoded(bytes, limit: 7).error == .tooLong(part, declared: 8, limit: 7))
    }

    @Test("With a limit of nothing the empty record still comes through")
    func limitOfNothing() throws {
        #expect(Decoded(try encode(Record("", "")), limit: 0) == Decoded(try encode(Record("", "")), limit: 1))
        #expect(Decoded(header(1), limit: 0).error == .tooLong(.first, declared: 1, limit: 0))
    }

    @Test("A count over the limit is refused as soon as its four bytes are there")
    func refusedAtTheHeader() {
        let most = Int(UInt32.max)
        var decoder = RecordDecoder(limit: 1 << 20)
        decoder.append([0xFF, 0xFF, 0xFF])
        #expect(throws: Never.self) { try decoder.next() }
        decoder.append([0xFF])
        #expect(throws: RecordError.tooLong(.first, declared: most, limit: 1 << 20)) { try decoder.next() }
        #expect(throws: RecordError.tooLong(.second, declared: most + 1, limit: 1 << 20)) {
            try scan(header(1) + [0x61] + header(.max), limit: 1 << 20)
        }
    }

    @Test("A count within the limit reserves nothing by itself")
    func reservesNothing() {
        // All of them together declare more than a process can have addresses for.
        let decoders = (0..<40_000).map { _ in
            var decoder = RecordDecoder(limit: .max)
            decoder.append(header(.max))
            return decoder
        }
        for var decoder in decoders.prefix(10) { #expect(throws: Never.self) { try decoder.next() } }
    }

    @Test("The largest counts there are do not overflow")
    func largestCounts() throws {
        #expect(try scan(header(.max), limit: .max) == .incomplete(missing: Int(UInt32.max) + 4))
        #expect(try scan(header(0) + header(.max), limit: .max) == .incomplete(missing: Int(UInt32.max)))
    }

    @Test("An error of a decoder stays, however much is appended")
    func errorStays() {
        var decoder = RecordDecoder(limit: 100)
        let error = RecordError.notUTF8(.first, offset: 0)
        decoder.append(header(1) + [0x80] + header(0))
        #expect(throws: error) { try decoder.next() }
        decoder.append(Vector.bytes)
        #expect(throws: error) { try decoder.next() }
        #expect(throws: error) { try decoder.finish() }
    }

    @Test("A stream that ends says in which string, and how much was due")
    func endedEarly() throws {
        let bytes = try encode(Record("abc", "de"))
        let expected: [RecordError?] =
            [nil] + [7, 6, 5].map { .endedEarly(.first, missing: $0) }
            + [7, 6, 5].map { .endedEarly(.first, missing: $0) }
            + [4, 3, 2, 1, 2, 1].map { .endedEarly(.second, missing: $0) } + [nil]
        #expect((0...bytes.count).map { Decoded(Array(bytes[..<$0])).error } == expected)
    }

    @Test("The end of a stream is judged behind the records that nobody took yet")
    func finishSkipsRecords() throws {
        var decoder = RecordDecoder(limit: 100)
        decoder.append(Vector.bytes + Vector.bytes)
        #expect(throws: Never.self) { try decoder.finish() }
        decoder.append([0])
        #expect(throws: RecordError.endedEarly(.first, missing: 7)) { try decoder.finish() }
        #expect(try [decoder.next(), decoder.next()] == [Vector.record, Vector.record])
    }

    @Test("A datagram is one record, no more and no less")
    func datagrams() throws {
        #expect(throws: RecordError.trailingBytes(1)) { try scanDatagram(Vector.bytes + [0], limit: 100) }
        #expect(throws: RecordError.trailingBytes(57)) { try scanDatagram(Vector.bytes + Vector.bytes, limit: 100) }
        #expect(throws: RecordError.endedEarly(.first, missing: 8)) { try scanDatagram([], limit: 100) }
        #expect(throws: RecordError.endedEarly(.second, missing: 1)) {
            try scanDatagram(Vector.bytes.dropLast(), limit: 100)
        }
        #expect(throws: RecordError.tooLong(.second, declared: 49, limit: 48)) {
            try scanDatagram(Vector.bytes, limit: 48)
        }
        #expect(throws: RecordError.notUTF8(.second, offset: 2)) {
            try scanDatagram(header(0) + header(3) + [0x61, 0x62, 0xC0], limit: 100)
        }
    }

    @Test("Each error has a text of its own that says what, where and how much")
    func texts() {
        let texts: [(RecordError, String)] = [
            (
                .tooLong(.second, declared: 1_048_577, limit: 1_048_576),
                "the record is too long: with its second string it comes to 1048577 bytes, and the limit is 1048576"
            ),
            (
                .notUTF8(.first, offset: 3),
                "the first string of the record is not UTF-8: the sequence at byte offset 3 is ill-formed"
            ),
            (
                .endedEarly(.first, missing: 1),
                "the record ended early, in its first string: at least 1 byte more should have come"
            ),
            (
                .trailingBytes(12),
                "12 bytes too many after the record: a datagram carries one record and nothing else"
            ),
        ]
        for (error, text) in texts { #expect("\(error)" == text) }
    }
}
