import Testing

@testable import fastdaemon_bench

@Suite("Requests and replies as records")
struct RecordCodecTests {
    @Test("a request is the published vector, byte for byte")
    func vector() {
        let codec = RecordCodec(
            commandLine: "from fastcore.all import *", input: Array("nbprocess_clean --stdin".utf8), isClassic: false)
        #expect(
            codec.request == [0, 0, 0, 0x1a] + Array("from fastcore.all import *".utf8) + [0, 0, 0, 0x17]
                + Array("nbprocess_clean --stdin".utf8))
    }

    @Test("the count is of bytes, not of characters")
    func bytes() {
        #expect(
            RecordCodec(commandLine: "é", input: [], isClassic: false).request == [0, 0, 0, 2, 0xC3, 0xA9, 0, 0, 0, 0])
    }

    @Test("a classic request has its strings the other way round")
    func classic() {
        let codec = RecordCodec(commandLine: "echo", input: [7], isClassic: true)
        #expect(codec.request == [0, 0, 0, 1, 7, 0, 0, 0, 4] + Array("echo".utf8))
    }

    @Test("replies are found in any pieces")
    func everySplit() throws {
        let stream = record("hi", "") + record("", "") + record("", "no such command") + record("out", "warning")
        let expected: [Reply] = [.answer, .answer, .refusal, .answer]
        for size in 1...stream.count {
            var scanner = RecordScanner()
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
            var scanner = RecordScanner()
            #expect(try scanAll(&scanner, Array(stream[..<count])) == [])
        }
    }

    @Test("only the beginning of a long refusal is kept")
    func longRefusal() throws {
        var scanner = RecordScanner()
        #expect(try scanAll(&scanner, record("", String(repeating: "é", count: 5_000))) == [.refusal])
        #expect(scanner.refusal == String(repeating: "é", count: 100))
    }

    @Test("another protocol is recognized by a length that cannot be")
    func malformed() {
        var scanner = RecordScanner()
        #expect(throws: MalformedReply.self) { try scanAll(&scanner, Array("HTTP/1.1 400 Bad Request\r\n".utf8)) }
    }

    private func scanAll(_ scanner: inout RecordScanner, _ bytes: [UInt8]) throws -> [Reply] {
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
