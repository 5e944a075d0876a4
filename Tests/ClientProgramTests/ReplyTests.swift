import Foundation
import TestSupport
import Testing

@Suite("What the forwarder makes of a reply")
struct ReplyTests {
    /// Runs the forwarder against a daemon that does as `script` says.
    private func result(
        input: [UInt8] = [], closing: Set<Int32> = [], _ script: @escaping @Sendable (Peer) throws -> Void
    ) throws -> ProgramResult {
        let folder = try TemporaryFolder()
        let server = try FakeServer(.unix(folder.file("s"))) { peer in
            try script(peer)
            return []
        }
        let result = try client("--record", server.port, "x", input: .bytes(input), closing: closing)
        _ = try server.finish()
        return result
    }

    @Test("the first string goes to standard output, the second to standard error, byte by byte")
    func bothStrings() throws {
        let all = (0...255).map { UInt8($0) }
        let result = try result { peer in
            _ = try peer.receiveRecord()
            try peer.send(record(all, all.reversed()))
        }
        #expect(result.status == .exited(0))
        #expect(result.output == all)
        #expect(result.errors == all.reversed())
    }

    @Test("an empty reply is a reply")
    func emptyReply() throws {
        let result = try result { peer in
            _ = try peer.receiveRecord()
            try peer.send(record(""))
        }
        #expect(result.status == .exited(0))
        #expect(result.output.isEmpty && result.errors.isEmpty)
    }

    @Test("a reply may come in any pieces")
    func pieces() throws {
        let result = try result { peer in
            _ = try peer.receiveRecord()
            for byte in record("output", "errors") {
                try peer.send([byte])
            }
        }
        #expect(result.outputText == "output")
        #expect(result.errorText == "errors")
    }

    @Test("64 MiB go both ways at once")
    func largeEcho() throws {
        let input = manyBytes(64 << 20)
        let result = try result(input: input) { peer in
            let request = try peer.receiveRecord()
            try peer.send(record(Array(request[9...])))
        }
        #expect(result.status == .exited(0))
        #expect(result.output == input)
    }

    @Test("a daemon that writes all of its reply before it reads is read meanwhile")
    func replyBeforeRequest() throws {
        let reply = [UInt8](repeating: 7, count: 64 << 20)
        let result = try result(input: [UInt8](repeating: 1, count: 64 << 20)) { peer in
            try peer.send(record(reply))
        }
        #expect(result.status == .exited(0))
        #expect(result.output == reply)
    }

    @Test("a refusal that comes before the request was read is shown")
    func earlyRefusal() throws {
        let result = try result(input: [UInt8](repeating: 1, count: 8 << 20)) { peer in
            _ = try peer.receive(100)
            try peer.send(record("", "too large\n"))
        }
        #expect(result.status == .exited(0))
        #expect(result.errorText == "too large\n")
    }

    @Test("a daemon that refuses and reads no more is not waited for")
    func refusalWithoutReading() throws {
        let folder = try TemporaryFolder()
        let gone = DispatchSemaphore(value: 0)
        let server = try FakeServer(.unix(folder.file("s"))) { peer in
            try peer.send(record("", "busy\n"))
            gone.wait()
            return []
        }
        let result = try client("--record", server.port, "x", input: .bytes([UInt8](repeating: 1, count: 8 << 20)))
        gone.signal()
        _ = try server.finish()
        #expect(result.status == .exited(0))
        #expect(result.errorText == "busy\n")
    }

    @Test("a daemon that hangs up without a reply is status 76")
    func hangUp() throws {
        let result = try result { peer in _ = try peer.receiveRecord() }
        #expect(result.status == .exited(76))
        #expect(result.errorText == "fastdaemon_client: the daemon hung up without a reply; its log says why\n")
    }

    @Test("a daemon that hangs up while it is sent to is status 76")
    func hangUpWhileSending() throws {
        let result = try result(input: [UInt8](repeating: 1, count: 8 << 20)) { peer in _ = try peer.receive(100) }
        #expect(result.status == .exited(76))
        #expect(result.errorText.contains("without a reply"))
    }

    @Test("what came of half a reply is shown, with how much is missing, and status 76")
    func halfReply() throws {
        let first = try result { peer in
            _ = try peer.receiveRecord()
            try peer.send([0, 0, 0, 9] + Array("half".utf8))
        }
        #expect(first.status == .exited(76))
        #expect(first.outputText == "half")
        #expect(
            first.errorText
                == "fastdaemon_client: the reply ended early: 8 bytes came, with 4 of 9 bytes of its first string\n")
        let second = try result { peer in
            _ = try peer.receiveRecord()
            try peer.send(record("all").dropLast(2))
        }
        #expect(second.status == .exited(76))
        #expect(second.outputText == "all")
        #expect(
            second.errorText
                == "fastdaemon_client: the reply ended early: 9 bytes came, with nothing of its second string\n")
    }

    @Test("another protocol is status 76, and nothing of it is shown")
    func otherProtocol() throws {
        let result = try result { peer in
            _ = try peer.receiveRecord()
            try peer.send(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))
        }
        #expect(result.status == .exited(76))
        #expect(result.output.isEmpty)
        #expect(result.errorText.hasPrefix("fastdaemon_client: what came back is not a reply: "))
    }
}
