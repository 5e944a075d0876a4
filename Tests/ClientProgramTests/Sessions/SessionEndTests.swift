import Foundation
import TestSupport
import Testing

@Suite("How a session ends")
struct SessionEndTests {
    private let folder = try! TemporaryFolder()

    @Test("the command's status is the program's", arguments: [0, 1, 2, 64, 127, 128, 130, 143, 254, 255] as [UInt8])
    func status(status: UInt8) throws {
        let result = try session { try $0.send(.end(status: status)) }
        #expect(result.status == .exited(Int32(status)))
        #expect(result.output.isEmpty && result.errors.isEmpty)
    }

    @Test(
        "a verdict has its text on standard error and its status",
        arguments: [(1, 127), (2, 75), (3, 124), (4, 139), (5, 75), (6, 76), (7, 64), (8, 76), (9, 77), (200, 42)]
            as [(UInt8, UInt8)])
    func verdict(verdict: UInt8, status: UInt8) throws {
        let result = try session { try $0.send(.output("out"), .end(verdict, status: status, "the reason")) }
        #expect(result.status == .exited(Int32(status)))
        #expect(result.outputText == "out")
        #expect(result.errorText == "fastdaemon_client: the reason\n")
    }

    @Test("what could drive a terminal is shown and not done")
    func controlCharacters() throws {
        let result = try session { peer in
            try peer.send(.end(1, status: 127, "a\u{1B}[2J\r\n\u{7F}é\u{9B}1mÂ"))
        }
        #expect(result.errorText == "fastdaemon_client: a\\x1b[2J\\x0d\\x0a\\x7fé\\x9b1mÂ\n")
        let broken = try session { try $0.send(Frame(0x24, [1, 127, 0, 0, 0, 0, 0, 0, 0, 0, 0x9B, 0x31])) }
        #expect(broken.errorText == "fastdaemon_client: \u{FFFD}1\n")
    }

    @Test("a text may be as long as its frame")
    func longText() throws {
        let text = String(repeating: "x", count: 65_526)
        let result = try session { try $0.send(.output("out"), .end(1, status: 127, text)) }
        #expect(result.status == .exited(127))
        #expect(result.errorText == "fastdaemon_client: \(text)\n")
    }

    @Test("what stands behind the end is not looked at")
    func afterTheEnd() throws {
        let result = try session { try $0.send(.end(status: 4), .output("more"), Frame(0x7F)) }
        #expect(result.status == .exited(4))
        #expect(result.output.isEmpty)
    }

    @Test("a daemon that hangs up, or is reset, before the end is status 76", arguments: [false, true])
    func hangUp(isReset: Bool) throws {
        let server = try sessionServer(.tcp("127.0.0.1")) { peer, _ in
            if isReset { peer.reset() }
            return []
        }
        let result = try client(server.port, "x")
        #expect(result.status == .exited(76))
        #expect(
            result.errorText
                == "fastdaemon_client: 127.0.0.1:\(server.port) hung up before the end of the command; its log may say "
                + "why\n")
        _ = try server.finish()
    }

    @Test("what came before the daemon hung up is shown")
    func halfOutput() throws {
        let result = try session { try $0.send(Frame.output("half").bytes + [0x21, 0, 0, 9, 65]) }
        #expect(result.status == .exited(76))
        #expect(result.outputText == "halfA")
    }

    @Test("a refusal that comes before the request was read is shown")
    func earlyRefusal() throws {
        let server = try FakeServer(.unix(folder.file("s"))) { peer in
            try peer.send(.hello(), .end(7, status: 64, "too large"))
            return try peer.receive(4)
        }
        let long = ["A": String(repeating: "x", count: 120_000)]
        let words = Array(repeating: String(repeating: "y", count: 100_000), count: 10)
        let result = try run(builtProgram("fastdaemon_client"), [server.port, "x"] + words, environment: long)
        #expect(result.status == .exited(64))
        #expect(result.errorText == "fastdaemon_client: too large\n")
        _ = try server.finish()
    }

    @Test(
        "frames that a server may not send are status 76",
        arguments: [
            Frame(0x07), Frame(0x01, [65, 0]), Frame(0x09, [0, 0, 0, 1]), Frame(0x7F), Frame(0x21), Frame(0xFE),
            Frame(0x23, [0, 0, 0, 0]), Frame(0x24, [0, 0]), .hello(), Frame(0x80, [UInt8](repeating: 0, count: 65_537)),
        ])
    func violation(frame: Frame) throws {
        let result = try session { peer in
            try? peer.send(frame)
            try peer.expectHangUp()
        }
        #expect(result.status == .exited(76))
        #expect(result.errorText.contains(" broke a rule of the session protocol: "))
    }

    @Test("a daemon of another major version says so by itself")
    func unsupported() throws {
        let server = try FakeServer(.unix(folder.file("s"))) { peer in
            _ = try peer.receiveRequest()
            try peer.send(.hello(major: 2), .end(8, status: 76, "version 2 is spoken here"))
            return []
        }
        let result = try client(server.port, "x")
        #expect(result.status == .exited(76))
        #expect(result.errorText == "fastdaemon_client: version 2 is spoken here\n")
        _ = try server.finish()
    }

    @Test("or the client says so", arguments: [Frame.output("x"), Frame(0x55, [1]), nil] as [Frame?])
    func otherMajor(frame: Frame?) throws {
        let server = try FakeServer(.unix(folder.file("s"))) { peer in
            _ = try peer.receiveRequest()
            try peer.send(Frame.hello(major: 2).bytes + (frame?.bytes ?? []))
            return []
        }
        let result = try client(server.port, "x")
        #expect(result.status == .exited(76))
        #expect(result.output.isEmpty)
        #expect(
            result.errorText
                == "fastdaemon_client: \(server.port) speaks version 2 of the session protocol, and this client version 1\n"
        )
        _ = try server.finish()
    }

    @Test("a later minor version with a longer hello is spoken with")
    func laterMinor() throws {
        let server = try FakeServer(.unix(folder.file("s"))) { peer in
            _ = try peer.receiveRequest()
            try peer.send(Frame(0xFD, [1, 9] + [UInt8](repeating: 0xFF, count: 253)), .output("ok"), .end())
            return []
        }
        let result = try client(server.port, "x")
        #expect(result.status == .exited(0))
        #expect(result.outputText == "ok")
        _ = try server.finish()
    }

    @Test("a daemon that speaks records only is status 76, with what it says", arguments: [1, 4_096])
    func record(pieceCount: Int) throws {
        let server = try FakeServer(.unix(folder.file("s"))) { peer in
            _ = try peer.receiveRequest()
            let reply = ClientProgramTests.record("", "too long:\u{1B} 4 GiB\nsecond line\n")
            for start in stride(from: 0, to: reply.count, by: pieceCount) {
                // A client that has seen the first line has seen enough, and hangs up.
                guard (try? peer.send(Array(reply[start...].prefix(pieceCount)))) != nil else { break }
            }
            return []
        }
        let result = try client(server.port, "x")
        #expect(result.status == .exited(76))
        #expect(
            result.errorText
                == "fastdaemon_client: \(server.port) speaks records, and no sessions: add --record (it says: too long:"
                + "\\x1b 4 GiB)\n")
        _ = try server.finish()
    }

    @Test("another protocol is status 76, and nothing of it is shown")
    func otherProtocol() throws {
        let server = try FakeServer(.unix(folder.file("s"))) { peer in
            _ = try peer.receiveRequest()
            try peer.send(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))
            return []
        }
        let result = try client(server.port, "x")
        #expect(result.status == .exited(76))
        #expect(result.output.isEmpty)
        #expect(
            result.errorText
                == "fastdaemon_client: \(server.port) does not answer as a daemon does; is another server there?\n")
        _ = try server.finish()
    }

    @Test("a daemon that keeps no time limit does not keep the client")
    func timeLimit() throws {
        let server = try sessionServer(.unix(folder.file("s"))) { peer, _ in
            try peer.expectHangUp()
            return []
        }
        let result = try client("--timeout", "0.05", server.port, "x")
        #expect(result.status == .exited(124))
        #expect(result.errorText == "fastdaemon_client: no answer from \(server.port) within 0.05 s\n")
        _ = try server.finish()
    }

    @Test("nor does one that takes no connections")
    func timeLimitOfConnecting() throws {
        let path = folder.file("s")
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(listener) }
        try bindAndListen(listener, path)
        // The backlog has room for one, and the next one waits.
        let first = try RawPeer(unix: path)
        let result = try client("--timeout", "0.05", path, "x")
        #expect(result.status == .exited(124))
        #expect(result.errorText == "fastdaemon_client: no answer from \(path) within 0.05 s\n")
        withExtendedLifetime(first) {}
    }

    @Test("a standard error that nobody reads does not keep it either", arguments: ["full", "closed"])
    func timeLimitUnread(errors: String) throws {
        let server = try sessionServer(.unix(folder.file("s"))) { peer, _ in
            try peer.expectHangUp()
            return []
        }
        // A pipe holds 64 KiB (pipe(7)). Without its reader it would end the client by SIGPIPE.
        let script = """
            mkfifo "$0"; exec 3<> "$0" 2> "$0"
            if [ "$1" = full ]; then head -c 65536 /dev/zero >&2; else exec 3<&-; fi
            shift; exec "$@"
            """
        let client = [builtProgram("fastdaemon_client"), "--timeout", "0.05", server.port, "x"]
        let result = try run("/bin/sh", ["-c", script, folder.file("errors"), errors] + client, seconds: 30)
        #expect(result.status == .exited(124))
        _ = try server.finish()
    }

    @Test("a time limit that is not reached is not seen")
    func timeLimitNotReached() throws {
        let server = try sessionServer(.unix(folder.file("s"))) { peer, _ in
            try peer.send(.output("in time"), .end(status: 9))
            return []
        }
        let result = try client("--timeout", "60", server.port, "x")
        #expect(result.status == .exited(9))
        #expect(result.outputText == "in time")
        _ = try server.finish()
    }
}

private func bindAndListen(_ listener: Int32, _ path: String) throws {
    var name = sockaddr_un()
    name.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
    let isBound = withUnsafePointer(to: &name) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
        }
    }
    guard isBound, listen(listener, 0) == 0 else { throw TestFailure("no listener: \(errno)") }
}
