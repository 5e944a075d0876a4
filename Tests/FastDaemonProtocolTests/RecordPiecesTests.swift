import Testing

@testable import FastDaemonProtocol

@Suite("Records that arrive in pieces")
struct RecordPiecesTests {
    private static let records = [
        Vector.record, Record("", ""), Record("é", "漢字 😀"), Record("echo a\0b", ""), Record("", "\n"),
        Record("wait 1", String(repeating: "x", count: 300)),
    ]

    /// Streams that end well, and one for each way to go wrong.
    private static let streams: [[UInt8]] = {
        guard let good = try? encode(records), let two = try? encode(Array(records[2...3])) else { return [] }
        return [
            good,
            Array(good.dropLast()),
            two + header(2) + [0xC3, 0x28] + header(0),
            two + header(0) + header(3) + [0x61, 0xE2, 0x82] + two,
            two + header(1000) + header(1000),
            two + header(10) + Array("0123456789".utf8) + header(990),
            two + header(UInt32.max),
        ]
    }()

    @Test("Wherever a stream is cut in two, the same comes out", arguments: streams)
    func everyCut(stream: [UInt8]) {
        let whole = Decoded(stream, limit: 500)
        for cut in 0...stream.count {
            #expect(Decoded([stream[..<cut], stream[cut...]], limit: 500) == whole, "cut at \(cut)")
        }
    }

    @Test("In pieces of any one size, one byte included, the same comes out", arguments: streams)
    func everySize(stream: [UInt8]) {
        let whole = Decoded(stream, limit: 500)
        for size in 1...stream.count {
            let pieces = stride(from: 0, to: stream.count, by: size).map { stream[$0...].prefix(size) }
            #expect(Decoded(pieces, limit: 500) == whole, "pieces of \(size)")
        }
    }

    @Test("The streams above end in what they are made for")
    func streamsAreWhatTheySay() {
        let ends = Self.streams.map { Decoded($0, limit: 500).error }
        #expect(
            ends == [
                nil, .endedEarly(.second, missing: 1), .notUTF8(.first, offset: 0), .notUTF8(.second, offset: 1),
                .tooLong(.first, declared: 1000, limit: 500), .tooLong(.second, declared: 1000, limit: 500),
                .tooLong(.first, declared: Int(UInt32.max), limit: 500),
            ])
        #expect(Decoded(Self.streams[0], limit: 500).records == Self.records)
        for stream in Self.streams[2...] { #expect(Decoded(stream, limit: 500).records == Array(Self.records[2...3])) }
    }

    @Test("What is missing is never more than what then comes")
    func missingIsALowerBound() throws {
        let bytes = try encode(Vector.record)
        for count in 0..<bytes.count {
            guard case .incomplete(let missing) = try scan(Array(bytes[..<count]), limit: 49) else {
                Issue.record("a record in only \(count) bytes")
                continue
            }
            #expect((1...bytes.count - count).contains(missing), "after \(count) bytes")
        }
        // Once both counts are known, it is exact.
        #expect(try scan(Array(bytes[..<34]), limit: 49) == .incomplete(missing: 23))
    }

    @Test("A decoder gives up the bytes of records that were taken, and keeps no more than it must")
    func bufferStaysSmall() throws {
        let stream = Array(repeating: Vector.bytes, count: 200).flatMap(\.self)
        var decoder = RecordDecoder(limit: 49)
        var taken = 0
        for start in stride(from: 0, to: stream.count, by: 7) {
            decoder.append(Array(stream[start...].prefix(7)))
            while try decoder.next() != nil { taken += 1 }
            #expect(decoder.buffer.count <= 2 * Vector.bytes.count + 7)
        }
        #expect(taken == 200)
    }

    @Test("A scan looks at one record and nothing behind it")
    func scanStopsAtTheRecord() throws {
        let bounds = try scanDatagram(try encode(Vector.record), limit: 49)
        #expect(try scan(Vector.bytes + [0xFF, 0xFF, 0xFF, 0xFF, 0xFF], limit: 49) == .record(bounds))
    }
}
