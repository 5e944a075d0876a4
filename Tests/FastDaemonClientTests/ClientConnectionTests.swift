import FastDaemonClient
import FastDaemonProtocol
import Foundation
import TestSupport
import Testing

@Suite("Swift programs as clients")
struct ClientConnectionTests {
    private let folder = try! TemporaryFolder()

    private func server(_ script: @escaping @Sendable (Peer) throws -> Void) throws -> FakeServer {
        try FakeServer(.unix(folder.file("s"))) { peer in
            try script(peer)
            return []
        }
    }

    @Test("one connection carries one request after the other")
    func severalTransfers() throws {
        let server = try server { peer in
            for _ in 1...3 { try peer.send(peer.receiveRecord()) }
        }
        var connection = try startClient(port: server.port)
        for text in ["one", "", "three"] {
            #expect(try connection.transfer(Record(text, "in")) == Record(text, "in"))
        }
        _ = try server.finish()
    }

    @Test("requests may be sent before their replies are received, which come in their order")
    func pipelined() throws {
        let server = try server { peer in
            let requests = try (1...3).flatMap { _ in try peer.receiveRecord() }
            try peer.send(requests)
        }
        var connection = try startClient(port: server.port)
        for text in ["one", "two", "three"] { try connection.sendRecord(Record(text, "")) }
        for text in ["one", "two", "three"] { #expect(try connection.recvRecord() == Record(text, "")) }
        _ = try server.finish()
    }

    @Test("many pipelined requests do not wait for a daemon that waits for its replies to be read")
    func pipelinedWithoutReading() throws {
        let count = 100
        let large = Record(String(repeating: "x", count: 100_000), "")
        let server = try server { peer in
            for _ in 1...count { try peer.send(peer.receiveRecord()) }
        }
        var connection = try startClient(port: server.port)
        for _ in 1...count { try connection.sendRecord(large) }
        for _ in 1...count { #expect(try connection.recvRecord() == large) }
        _ = try server.finish()
    }

    @Test("a reply that came before the request was read ends the connection")
    func earlyReply() throws {
        let server = try server { peer in
            try peer.send([0, 0, 0, 0, 0, 0, 0, 2] + Array("no".utf8))
            _ = try peer.receiveAll()
        }
        do {
            var connection = try startClient(port: server.port)
            let request = Record(first: [], second: [UInt8](repeating: 65, count: 8 << 20))
            #expect(try connection.transfer(request) == Record("", "no"))
            let error = #expect(throws: ClientError.self) { try connection.transfer(request) }
            #expect(error?.code == .connectionEnded)
        }
        _ = try server.finish()
    }

    @Test("a reply in pieces is handed on as it arrives")
    func streamed() throws {
        let hasFirst = DispatchSemaphore(value: 0)
        let server = try server { peer in
            _ = try peer.receiveRecord()
            try peer.send([0, 0, 0, 6] + Array("one".utf8))
            hasFirst.wait()
            try peer.send(Array("two".utf8) + [0, 0, 0, 3] + Array("err".utf8))
        }
        var connection = try startClient(port: server.port)
        var text = ""
        try connection.transfer(Array("x".utf8).span.bytes, [UInt8]().span.bytes) { (part, bytes) throws(ClientError) in
            text += (part == .first ? "1:" : "2:") + bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) } + " "
            hasFirst.signal()
        }
        #expect(text == "1:one 1:two 2:err ")
        _ = try server.finish()
    }

    @Test("a daemon that hangs up before or inside a reply is an error", arguments: [0, 3, 9])
    func hangUp(count: Int) throws {
        let server = try server { peer in
            _ = try peer.receiveRecord()
            try peer.send(Array([0, 0, 0, 9, 1, 2, 3, 4, 5].prefix(count)))
        }
        var connection = try startClient(port: server.port)
        let error = #expect(throws: ClientError.self) { try connection.transfer(Record("x", "")) }
        #expect(error?.code == .endedEarly)
        _ = try server.finish()
    }

    @Test("datagrams", arguments: [true, false])
    func datagrams(unix: Bool) throws {
        let address: FakeServer.Address = unix ? .unixDatagram(folder.file("d")) : .udp("127.0.0.1")
        let server = try FakeServer(address) { peer in
            try peer.answerDatagram { $0 } + peer.answerDatagram { $0 }
        }
        var connection = try startClient(port: server.port, datagram: true)
        #expect(try connection.transfer(Record("one", "1")) == Record("one", "1"))
        #expect(try connection.transfer(Record("two", "")) == Record("two", ""))
        _ = try server.finish()
    }

    @Test("no daemon there is an error that says which address")
    func noDaemon() throws {
        let path = folder.file("none")
        let error = #expect(throws: ClientError.self) { _ = try startClient(port: path) }
        #expect(error?.code == .unreachable)
        #expect(error?.description.contains(path) == true)
    }
}
