import FastDaemonClient
import FastDaemonProtocol
import Foundation
import TestSupport
import Testing

@Suite("Sessions of Swift programs")
struct SessionTests {
    private let folder = try! TemporaryFolder()

    private func server(_ script: @escaping @Sendable (Peer) throws -> [UInt8]) throws -> FakeServer {
        try FakeServer(.unix(folder.file("s"))) { peer in
            let request = try peer.receiveRequest()
            try peer.send(.hello())
            return request.flatMap(\.bytes) + (try script(peer))
        }
    }

    private func address(_ server: FakeServer) throws -> DaemonAddress {
        try DaemonAddress(port: Array(server.port.utf8))
    }

    @Test("a program gets output as it comes, and how the session ended")
    func result() throws {
        let server = try server { peer in
            try peer.send(.output("a"), .errors("b"), .output("c"), .end(9, status: 77, "no"))
            return []
        }
        var pieces: [String] = []
        let result = try runSession(SessionRequest("echo", "hi"), to: address(server)) { stream, bytes in
            pieces.append("\(stream):" + bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })
        }
        #expect(pieces == ["output:a", "errors:b", "output:c"])
        #expect(result.verdict == .refused)
        #expect(result.status == 77)
        #expect(result.call == 17)
        #expect(result.text == Array("no".utf8))
        var request: [UInt8] = []
        SessionEncoder.append(SessionHello(window: 262_144), to: &request)
        #expect(try server.finish() == request + [1, 0, 0, 8] + Array("echo\0hi\0".utf8) + [6, 0, 0, 0])
    }

    @Test("everything that a request can say goes along")
    func request() throws {
        let server = try server { peer in
            try peer.send(.end())
            return []
        }
        var request = SessionRequest("x")
        request.environment = ByteStrings(["A=1", "B="].map { Array($0.utf8) })
        request.directory = Array("/tmp".utf8)
        request.terminals = SessionTerminals(streams: 5, columns: 80, rows: 24)
        request.timeout = 1_000
        let result = try runSession(request, to: address(server)) { _, _ in }
        #expect(result.verdict == .completed)
        let types: [UInt8] = [0xFD, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06]
        #expect(try server.finish() == frames(types, ["", "x\0", "A=1\0B=\0", "/tmp", "", "", ""], request))
    }

    /// The frames of a request, of which three have payloads of numbers.
    private func frames(_ types: [UInt8], _ payloads: [String], _ request: SessionRequest) -> [UInt8] {
        var bytes: [UInt8] = []
        for (type, payload) in zip(types, payloads) {
            switch type {
            case 0xFD: SessionEncoder.append(SessionHello(window: 262_144), to: &bytes)
            case 0x04: SessionEncoder.append(request.terminals!, to: &bytes)
            case 0x05: SessionEncoder.append(timeout: request.timeout!, to: &bytes)
            default: bytes += Frame(type, Array(payload.utf8)).bytes
            }
        }
        return bytes
    }

    @Test("input of bytes, of a descriptor and of nothing", arguments: [0, 100, 65_536, 1_000_000])
    func input(count: Int) throws {
        let bytes = [UInt8](repeating: 65, count: count)
        let file = folder.file("in")
        try Data(bytes).write(to: URL(filePath: file))
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        for input in [.bytes(bytes), .descriptor(descriptor)] + (count == 0 ? [SessionInput.none] : []) {
            let server = try FakeServer(.unix(folder.file("s"))) { peer in
                _ = try peer.receiveRequest()
                try peer.send(.hello(), .pull(1_024))
                var all: [UInt8] = []
                while let frame = try peer.receiveFrame(), !frame.payload.isEmpty { all += frame.payload }
                try peer.send(.end())
                return all
            }
            #expect(try runSession(SessionRequest("x"), to: address(server), input: input) { _, _ in }.status == 0)
            #expect(try server.finish() == bytes)
            try FileManager.default.removeItem(atPath: server.port)
        }
    }

    @Test("a program that cannot take the output ends the session")
    func outputFails() throws {
        let server = try server { peer in
            try peer.send(.output("a"))
            try peer.expectHangUp()
            return []
        }
        let error = #expect(throws: ClientError.self) {
            try runSession(SessionRequest("x"), to: address(server)) { (_, _) throws(ClientError) in
                throw ClientError(.connectionEnded, "enough")
            }
        }
        #expect(error?.description == "enough")
        _ = try server.finish()
    }

    @Test("what cannot be sent is not sent")
    func refusals() throws {
        let datagrams = try DaemonAddress(port: Array("9998".utf8), datagram: true)
        #expect(throws: ClientError.self) { try runSession(SessionRequest("x"), to: datagrams) { _, _ in } }
        let nowhere = try DaemonAddress(port: Array(folder.file("none").utf8))
        let long = SessionRequest(ByteStrings([[120], [UInt8](repeating: 120, count: 1 << 24)]))
        let tooLong = #expect(throws: ClientError.self) { try runSession(long, to: nowhere) { _, _ in } }
        #expect(tooLong?.code == .requestTooLarge)
        var elsewhere = SessionRequest("x")
        elsewhere.directory = [UInt8](repeating: 47, count: 4_096)
        let tooDeep = #expect(throws: ClientError.self) { try runSession(elsewhere, to: nowhere) { _, _ in } }
        #expect(tooDeep?.code == .requestTooLarge)
    }

    @Test("text from elsewhere does not drive a terminal")
    func printableText() {
        #expect(printable(Array("plain é 漢".utf8)) == "plain é 漢")
        #expect(printable(Array("\u{0}\u{1F}\u{7F}\u{80}\u{9F}\u{A0}".utf8)) == "\\x00\\x1f\\x7f\\x80\\x9f\u{A0}")
        #expect(printable([0xFF, 65]) == "\u{FFFD}A")
    }
}
