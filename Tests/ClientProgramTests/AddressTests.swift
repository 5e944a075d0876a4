import Foundation
import TestSupport
import Testing

@Suite("Where the forwarder finds its daemon")
struct AddressTests {
    private let folder = try! TemporaryFolder()

    /// Answers one stream request with "ok".
    private static func answer(_ peer: Peer) throws -> [UInt8] {
        let request = try peer.receiveRecord()
        try peer.send(record("ok"))
        return request
    }

    @Test("a number is a TCP port of the loopback address, IPv4's or IPv6's", arguments: ["127.0.0.1", "::1"])
    func loopback(host: String) throws {
        let server = try FakeServer(.tcp(host), script: Self.answer)
        #expect(try client("--record", server.port, "x").outputText == "ok")
        #expect(try server.finish() == record("x"))
    }

    @Test(
        "--host takes an IPv4 address, an IPv6 address or a name",
        arguments: [
            ("127.0.0.1", ["--host", "127.0.0.1"]), ("::1", ["--host=::1"]), ("127.0.0.1", ["--host", "localhost"]),
        ]
    )
    func host(host: String, options: [String]) throws {
        let server = try FakeServer(.tcp(host), script: Self.answer)
        let result = try run(builtProgram("fastdaemon_client"), ["--record"] + options + [server.port, "x"])
        #expect(result.outputText == "ok")
        #expect(try server.finish() == record("x"))
    }

    @Test("--dgram sends one datagram and shows the one that comes back")
    func datagrams() throws {
        for address in [.udp("127.0.0.1"), .unixDatagram(folder.file("d"))] as [FakeServer.Address] {
            let server = try FakeServer(address) { peer in try peer.answerDatagram { _ in record("out", "err") } }
            let result = try client("--dgram", server.port, "echo", "hi", input: .bytes([1, 2]))
            #expect(result.status == .exited(0))
            #expect(result.outputText == "out")
            #expect(result.errorText == "err")
            #expect(try server.finish() == record(Array("echo hi".utf8), [1, 2]))
        }
    }

    @Test("a large datagram comes back whole")
    func largeDatagram() throws {
        let output = [UInt8](repeating: 3, count: 150_000)
        let server = try FakeServer(.unixDatagram(folder.file("d"))) { peer in
            try peer.answerDatagram { _ in record(output) }
        }
        #expect(try client("--dgram", server.port, "x").output == output)
        _ = try server.finish()
    }

    @Test("a datagram that is no whole reply is status 76")
    func shortDatagram() throws {
        let server = try FakeServer(.udp("127.0.0.1")) { peer in
            try peer.answerDatagram { _ in Array(record("cut short").dropLast(5)) }
        }
        let result = try client("--dgram", server.port, "x")
        #expect(result.status == .exited(76))
        #expect(result.errorText.hasPrefix("fastdaemon_client: the reply ended early: "))
        _ = try server.finish()
    }

    @Test("a request that does not fit a datagram is status 64")
    func tooLargeForDatagram() throws {
        let result = try client("--dgram", "9", "x", input: .bytes([UInt8](repeating: 1, count: 70_000)))
        #expect(result.status == .exited(64))
        #expect(
            result.errorText == "fastdaemon_client: a request of 70009 bytes does not fit a datagram\n")
    }
}
