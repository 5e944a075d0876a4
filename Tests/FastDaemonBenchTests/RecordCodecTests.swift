import Testing

@testable import fastdaemon_bench

@Suite("Requests and replies as records")
struct RecordCodecTests {
    @Test("a request has the command line first, quoted where it must be, and counts bytes")
    func request() throws {
        let codec = try RecordCodec(words: ["echo", "a b", "é"], input: [7], isClassic: false)
        #expect(codec.request == [0, 0, 0, 13] + Array("echo 'a b' é".utf8) + [0, 0, 0, 1, 7])
    }

    @Test("a classic request has its strings the other way round, and no quotes")
    func classic() throws {
        let codec = try RecordCodec(words: ["echo", "a b"], input: [7], isClassic: true)
        #expect(codec.request == [0, 0, 0, 1, 7, 0, 0, 0, 8] + Array("echo a b".utf8))
    }

    @Test("replies are found in any pieces")
    func everySplit() throws {
        let stream = record("hi", "") + record("", "") + record("", "no such command") + record("out", "warning")
        let expected: [Reply] = [.answer, .answer, .refusal, .answer]
        for size in 1...stream.count {
            var scanner = ReplyRecordScanner()
            var replies: [Reply] = []
            for start in stride(from: 0, to: stream.count, by: size) {
                replies += try scanAll(&scanner, Array(stream[start..<min(start + size, stream.count)]))
            }
            #expect(replies == expected, "in pieces of \(size)")
            #expect(scanner.refusal == "no such command")
        }
    }

    @Test("nothing is a reply before its last byte")
    func incomplete() throws {
        let stream = record("hello", "there")
        for count in 0..<stream.count {
            var scanner = ReplyRecordScanner()
            #expect(try scanAll(&scanner, Array(stream[..<count])) == [])
        }
    }

    @Test("only the beginning of a long refusal is kept")
    func longRefusal() throws {
        var scanner = ReplyRecordScanner()
        #expect(try scanAll(&scanner, record("", String(repeating: "é", count: 5_000))) == [.refusal])
        #expect(scanner.refusal == String(repeating: "é", count: 100))
    }

    @Test("another protocol is recognized by a length that cannot be")
    func malformed() {
        var scanner = ReplyRecordScanner()
        #expect(throws: MalformedReply.self) { try scanAll(&scanner, Array("HTTP/1.1 400 Bad Request\r\n".utf8)) }
    }

    private func scanAll(_ scanner: inout ReplyRecordScanner, _ bytes: [UInt8]) throws -> [Reply] {
        var replies: [Reply] = []
        var offset = 0
        while let reply = try scanner.nextReply(in: bytes.span.bytes, at: &offset) {
            replies.append(reply)
        }
        #expect(offset == bytes.count)
        return replies
    }
}

/// The bytes of one record.
func record(_ first: String, _ second: String) -> [UInt8] {
    [first, second].flatMap { string in
        withUnsafeBytes(of: UInt32(string.utf8.count).bigEndian) { Array($0) } + Array(string.utf8)
    }
}
