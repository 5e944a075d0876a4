import Testing

@testable import fastdaemon_bench

@Suite("Requests and replies of other servers")
struct PeerCodecTests {
    @Test("a request of Redis is an array of strings, the payload last")
    func redisRequest() throws {
        let codec = RedisCodec(try options("--protocol", "redis", "-d", "2", "x", "bench.echo", "é"))
        #expect(codec.request == Array("*3\r\n$10\r\nbench.echo\r\n$2\r\né\r\n$2\r\nxx\r\n".utf8))
    }

    @Test("replies of Redis are found in any pieces")
    func redis() throws {
        try check(
            RedisScanner.init(content:), "$2\r\nhi\r\n$0\r\n\r\n$-1\r\n+OK\r\n:12\r\n-ERR no\r\n",
            [.answer, .answer, .answer, .answer, .answer, .refusal], refusal: "-ERR no")
        try check(RedisScanner.init(content:), "$2\r\nhi\r\n$2\r\nhi\r\n", [.answer, .answer], expecting: "hi")
        for other in [
            "$2\r\nho\r\n", "$3\r\nhii\r\n", "$1\r\nh\r\n", "+hi\r\n", "*1\r\n", "HTTP/1.1 400\r\n", "$x\r\n",
        ] {
            #expect(throws: MalformedReply.self) {
                try scan(RedisScanner(content: ContentCheck(Array("hi".utf8))), other)
            }
        }
    }

    @Test("a request of HTTP is a GET, or a POST of the payload, and says where it is the last")
    func httpRequest() throws {
        #expect(
            HTTPCodec(try options("--protocol", "http", "x", "/a")).request
                == Array("GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8))
        #expect(
            HTTPCodec(try options("--protocol", "http", "--reconnect", "-d", "1", "x")).request
                == Array("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx".utf8))
    }

    @Test("replies of HTTP are found in any pieces")
    func http() throws {
        let good = "HTTP/1.1 200 OK\r\nDate: now\r\ncontent-LENGTH:  2\r\n\r\nhi"
        let none = "HTTP/1.1 204 No Content\r\n\r\n"
        let bad = "HTTP/1.0 404 Not Found\nContent-Length: 4\n\ngone"
        try check(HTTPScanner.init(content:), good + none + bad, [.answer, .answer, .refusal], refusal: "status 404")
        try check(HTTPScanner.init(content:), good + good, [.answer, .answer], expecting: "hi")
        for other in ["HTTP/1.1 200 OK\r\n\r\n", "hello\r\n", good.replacing("hi", with: "ho"), none] {
            #expect(throws: MalformedReply.self) {
                try scan(HTTPScanner(content: ContentCheck(Array("hi".utf8))), other)
            }
        }
    }

    @Test("replies of memcached are found in any pieces")
    func memcached() throws {
        let hit = "VALUE key 0 2\r\nhi\r\nEND\r\n"
        try check(
            MemcachedScanner.init(content:), "END\r\n" + hit + "STORED\r\nERROR\r\nSERVER_ERROR out of memory\r\n",
            [.answer, .answer, .answer, .refusal, .refusal], refusal: "SERVER_ERROR out of memory")
        try check(MemcachedScanner.init(content:), hit, [.answer], expecting: "hi")
        try check(MemcachedScanner.init(content:), "END\r\n", [.answer], expecting: "")
        for other in ["END\r\n", "VALUE key 0 2\r\nho\r\nEND\r\n", "VALUE key\r\n"] {
            #expect(throws: MalformedReply.self) {
                try scan(MemcachedScanner(content: ContentCheck(Array("hi".utf8))), other)
            }
        }
    }

    @Test("a request of FastCGI is a begin, its parameters and its input, each stream with an end")
    func fastCGIRequest() throws {
        let request = FastCGICodec(try options("--protocol", "fastcgi", "-d", "70001", "x")).request
        #expect(Array(request[..<16]) == [1, 1, 0, 1, 0, 8, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0])
        #expect(Array(request[16..<20]) == [1, 4, 0, 1])
        #expect(request.count { $0 == UInt8(ascii: "x") } == 70_001)
        #expect(Array(request.suffix(8)) == [1, 5, 0, 1, 0, 0, 0, 0])
        let last = FastCGICodec(try options("--protocol", "fastcgi", "--reconnect", "x")).request
        #expect(last[10] == 0)
    }

    @Test("replies of FastCGI are found in any pieces, and their content in any records")
    func fastCGI() throws {
        let good =
            part(6, "Status: 200\r\n\r") + part(6, "\nh", padding: 7) + part(6, "i") + part(6, "")
            + part(3, "\0\0\0\0\0\0\0\0", padding: 1)
        let bad = part(7, "it broke") + part(3, "\0\0\0\u{1}\0\0\0\0")
        try check(FastCGIScanner.init(content:), good + bad + good, [.answer, .refusal, .answer], refusal: nil)
        try check(FastCGIScanner.init(content:), bad, [.refusal], refusal: "it broke")
        try check(FastCGIScanner.init(content:), good + good, [.answer, .answer], expecting: "hi")
        for other in [part(9, ""), part(6, "A: b\r\n\r\nho") + part(3, "\0\0\0\0\0\0\0\0"), "HTTP/1.1 400 "] {
            #expect(throws: MalformedReply.self) {
                try scan(FastCGIScanner(content: ContentCheck(Array("hi".utf8))), other)
            }
        }
    }

    @Test("without a protocol, as many bytes as were sent are the reply")
    func raw() throws {
        let expected: @Sendable (ContentCheck) -> RawScanner = { RawScanner(count: 2, content: $0) }
        try check(expected, "hihi", [.answer, .answer], expecting: "hi")
        #expect(throws: MalformedReply.self) { try scan(expected(ContentCheck(Array("hi".utf8))), "hiho") }
    }

    @Test("a record is verified by its first string, and a refusal stays one")
    func record() throws {
        let stream = fastdaemonRecord("hi", "warning") + fastdaemonRecord("", "no such command")
        try check(
            ReplyRecordScanner.init(output:), stream, [.answer, .refusal], expecting: "hi", refusal: "no such command")
        for other in [fastdaemonRecord("ho", ""), fastdaemonRecord("hii", ""), fastdaemonRecord("", "")] {
            #expect(throws: MalformedReply.self) {
                try scan(ReplyRecordScanner(output: ContentCheck(Array("hi".utf8))), other)
            }
        }
    }

    @Test("a line without end is another protocol")
    func endless() {
        #expect(throws: MalformedReply.self) {
            try scan(
                RedisScanner(content: ContentCheck(nil)), String(repeating: "+", count: LineScanner.maximumLine + 1))
        }
    }
}

private func options(_ arguments: String...) throws -> Options {
    guard case .run(let options) = try Options.parse(arguments) else { throw UsageError(reason: "not a run") }
    return options
}

private func part(_ kind: UInt8, _ content: String, padding: UInt8 = 0) -> String {
    let header: [UInt8] = [1, kind, 0, 1, 0, UInt8(content.utf8.count), padding, 0]
    return String(decoding: header, as: UTF8.self) + content + String(repeating: "\0", count: Int(padding))
}

private func fastdaemonRecord(_ first: String, _ second: String) -> String {
    String(decoding: record(first, second), as: UTF8.self)
}

/// Feeds a stream in pieces of each size; what is found must be the same each time.
private func check<Scanner: ReplyScanner>(
    _ make: (ContentCheck) -> Scanner, _ stream: String, _ replies: [Reply], expecting expected: String? = nil,
    refusal: String? = nil, sourceLocation: SourceLocation = #_sourceLocation
) throws {
    for size in 1...stream.utf8.count {
        var scanner = make(ContentCheck(expected.map { Array($0.utf8) }))
        let found = try scan(&scanner, Array(stream.utf8), size)
        #expect(found == replies, "in pieces of \(size)", sourceLocation: sourceLocation)
        #expect(!scanner.isInsideReply, sourceLocation: sourceLocation)
        if let refusal { #expect(scanner.refusal == refusal, sourceLocation: sourceLocation) }
    }
    for count in 1..<stream.utf8.count {
        var scanner = make(ContentCheck(nil))
        let found = try scan(&scanner, Array(stream.utf8.prefix(count)), count)
        #expect(
            found.count == replies.count - 1 || scanner.isInsideReply || found == Array(replies.prefix(found.count)))
        #expect(found.count < replies.count, "after \(count) bytes", sourceLocation: sourceLocation)
    }
}

@discardableResult
private func scan(_ scanner: some ReplyScanner, _ stream: String) throws -> [Reply] {
    var scanner = scanner
    return try scan(&scanner, Array(stream.utf8), stream.utf8.count)
}

private func scan(_ scanner: inout some ReplyScanner, _ bytes: [UInt8], _ size: Int) throws -> [Reply] {
    var replies: [Reply] = []
    for start in stride(from: 0, to: bytes.count, by: size) {
        let piece = Array(bytes[start..<min(start + size, bytes.count)])
        var offset = 0
        while let reply = try scanner.nextReply(in: piece.span.bytes, at: &offset) { replies.append(reply) }
        #expect(offset == piece.count)
    }
    return replies
}
