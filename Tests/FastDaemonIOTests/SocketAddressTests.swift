import FastDaemonSystem
import Testing

@testable import FastDaemonIO

@Suite("A socket's address") struct SocketAddressTests {
    @Test(
        "is printed as it was written, and has its port",
        arguments: [
            ("127.0.0.1:9998", "127.0.0.1:9998", 9998), ("0.0.0.0:0", "0.0.0.0:0", 0),
            ("255.255.255.255:65535", "255.255.255.255:65535", 65535), ("localhost:80", "127.0.0.1:80", 80),
            ("[::1]:9998", "[::1]:9998", 9998), ("[0:0:0:0:0:0:0:1]:1", "[::1]:1", 1),
            ("[2001:DB8::1]:443", "[2001:db8::1]:443", 443),
        ] as [(String, String, UInt16)])
    func ip(text: String, printed: String, port: UInt16) throws {
        let address = try SocketAddress.ip(text)
        #expect(address.description == printed)
        #expect(address.port == port)
        #expect(!address.isUnix)
        #expect(address.path == nil)
    }

    @Test("of a Unix socket is its path, and has no port", arguments: ["/run/a.sock", "a", "/tmp/é"])
    func unix(path: String) throws {
        let address = try SocketAddress.unix(path)
        #expect(address.isUnix)
        #expect(address.path == path)
        #expect(address.description == path)
        #expect(address.port == nil)
    }

    @Test(
        "that has no port is refused with an example of one",
        arguments: [
            "", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:-0", "127.0.0.1:+80",
            "127.0.0.1:http",
            "127.0.0.1: 80",
        ])
    func noPort(text: String) {
        let error = #expect(throws: IOError.self) { try SocketAddress.ip(text) }
        #expect(error?.description == "cannot use the address \"\(text)\": it is not HOST:PORT, as in 127.0.0.1:9998")
    }

    @Test(
        "that has no host of numbers is refused with what a host may be",
        arguments: [
            ("example.org:80", "example.org"), (":80", ""), ("::1:80", "::1"), ("127.1:80", "127.1"),
            ("256.0.0.1:80", "256.0.0.1"), ("[127.0.0.1]:80", "[127.0.0.1]"), ("[]:80", "[]"), ("[::1:80", "[::1"),
            ("LOCALHOST:80", "LOCALHOST"),
        ])
    func badHost(text: String, host: String) {
        let error = #expect(throws: IOError.self) { try SocketAddress.ip(text) }
        #expect(
            error?.reason == "\"\(host)\" is not an IPv4 address, an IPv6 address in brackets, or localhost")
    }

    @Test("of a Unix socket takes a path that just fits, and names the length of one that does not")
    func longPath() throws {
        let longest = String(repeating: "a", count: SocketAddress.longestPath)
        #expect(SocketAddress.longestPath == 107)
        #expect(try SocketAddress.unix(longest).path == longest)
        let error = #expect(throws: IOError.self) { try SocketAddress.unix(longest + "b") }
        #expect(error?.reason == "it is 108 bytes long, and an address holds 107")
    }

    @Test("of a Unix socket is refused for an empty path and for a NUL in it, each with its reason")
    func badPath() {
        let empty = #expect(throws: IOError.self) { try SocketAddress.unix("") }
        #expect(empty?.reason == "it is empty")
        let cut = #expect(throws: IOError.self) { try SocketAddress.unix("/tmp/a\0b") }
        #expect(cut?.reason == "it has a NUL in it")
    }

    @Test("is refused where only what stands before a NUL would be a host")
    func hostWithNUL() {
        #expect(throws: IOError.self) { try SocketAddress.ip("127.0.0.1\0.org:80") }
        #expect(throws: IOError.self) { try SocketAddress.ip("[::1\0]:80") }
    }

    @Test(
        "tells the own machine from others",
        arguments: [
            ("127.0.0.1:1", true), ("127.255.0.9:1", true), ("128.0.0.1:1", false), ("0.0.0.0:1", false),
            ("[::1]:1", true), ("[::]:1", false), ("[::2]:1", false), ("[fe80::1]:1", false),
        ])
    func loopback(text: String, isLoopback: Bool) throws {
        #expect(try SocketAddress.ip(text).isLoopback == isLoopback)
        #expect(try SocketAddress.unix("/run/a.sock").isLoopback)
    }
}
