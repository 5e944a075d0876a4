import Foundation
import TestSupport
import Testing

@Suite("The input of a session is pulled")
struct SessionInputTests {
    private let folder = try! TemporaryFolder()

    private func server(_ script: @escaping @Sendable (Peer) throws -> [UInt8]) throws -> FakeServer {
        try sessionServer(.unix(folder.file("s"))) { peer, _ in try script(peer) }
    }

    /// All input, pulled one by one.
    private static func pullAll(_ peer: Peer) throws -> [UInt8] {
        var all: [UInt8] = []
        while true {
            try peer.send(.pull())
            guard let frame = try peer.receiveFrame(), frame.type == 0x07, !frame.payload.isEmpty else { return all }
            all += frame.payload
        }
    }

    @Test("what is not asked for is there for the next program", arguments: ["< \"$0\"", "cat \"$0\" |"])
    func notPulled(source: String) throws {
        let server = try server { peer in
            try peer.send(.output("done\n"), .end())
            return []
        }
        let file = folder.file("list")
        try Data("one\ntwo\n".utf8).write(to: URL(filePath: file))
        let group = "{ \"$@\"; cat; }"
        let script = source.hasSuffix("|") ? "\(source) \(group)" : "\(group) \(source)"
        let words = ["-c", script, file, builtProgram("fastdaemon_client"), server.port, "x"]
        #expect(try run("/bin/bash", words).outputText == "done\none\ntwo\n")
        _ = try server.finish()
    }

    @Test("a while-read loop gets all of its lines")
    func loop() throws {
        let file = folder.file("list")
        try Data("one\ntwo\nthree\n".utf8).write(to: URL(filePath: file))
        let path = folder.file("s")
        var outputs = ""
        for round in 1...3 {
            // One server takes one connection, so the loop is cut into its rounds; the list goes on where it was left.
            let server = try server { peer in
                try peer.send(.end())
                return []
            }
            let script = "for i in $(seq \(round)); do read -r line; done; \"$@\"; read -r next; echo $line $next"
            let result = try run(
                "/bin/bash", ["-c", script, "bash", builtProgram("fastdaemon_client"), server.port, "x"],
                input: .file(file))
            outputs += result.outputText
            _ = try server.finish()
            try FileManager.default.removeItem(atPath: path)
        }
        #expect(outputs == "one two\ntwo three\nthree\n")
    }

    @Test("a pull is one read, of at most 65,536 bytes; the rest stays")
    func oneRead() throws {
        let server = try server { peer in
            try peer.send(.pull())
            let frame = try peer.receiveFrame()
            try peer.send(.end())
            return frame?.payload ?? []
        }
        let file = folder.file("in")
        let bytes = manyBytes(200_000)
        try Data(bytes).write(to: URL(filePath: file))
        let words = ["-c", "{ \"$@\"; cat; } < \"$0\"", file, builtProgram("fastdaemon_client"), server.port, "x"]
        let result = try run("/bin/bash", words)
        let input = try server.finish()
        #expect(input.count == 65_536)
        #expect(input + result.output == bytes)
    }

    @Test("it travels byte by byte, and ends with an empty INPUT", arguments: [0, 1, 65_536, 65_537, 3_000_000])
    func all(count: Int) throws {
        let server = try server { peer in
            let all = try Self.pullAll(peer)
            try peer.send(.end())
            return all
        }
        let result = try client(server.port, "x", input: .bytes(manyBytes(count)))
        #expect(result.status == .exited(0))
        #expect(try server.finish() == manyBytes(count))
    }

    @Test("several pulls at once, and some after the end, which lapse")
    func severalPulls() throws {
        let result = try session(input: .bytes(Array("text".utf8))) { peer in
            try peer.send(.pull(1_000))
            try peer.expect(.input("text"))
            try peer.expect(.input(""))
            try peer.send(.pull(20), .pull(20))
            try peer.send(.end())
            try peer.expectHangUp()
        }
        #expect(result.status == .exited(0))
    }

    @Test("closed standard input is at its end, and its number is not taken for the connection's")
    func closed() throws {
        let result = try session(input: .closed) { peer in
            try peer.send(.pull())
            try peer.expect(.input(""))
            try peer.send(.end())
        }
        #expect(result.status == .exited(0))
        #expect(result.errorText == "")
    }

    @Test("a folder as standard input is status 74, if it is asked for")
    func folderAsInput() throws {
        let asking = try server { peer in
            try peer.send(.pull())
            try peer.expectHangUp()
            return []
        }
        let failed = try shell("exec \"$@\" < .", asking)
        #expect(failed.status == .exited(74))
        #expect(failed.errorText == "fastdaemon_client: cannot read standard input: Is a directory\n")
        _ = try asking.finish()
        try FileManager.default.removeItem(atPath: asking.port)

        let other = try server { peer in
            try peer.send(.end())
            return []
        }
        #expect(try shell("exec \"$@\" < .", other).status == .exited(0))
        _ = try other.finish()
    }

    @Test(
        "an input that does not block is waited for", .enabled(if: isInstalled("python3"), "python3 is not installed"))
    func nonBlocking() throws {
        let server = try server { peer in
            let all = try Self.pullAll(peer)
            try peer.send(.end())
            return all
        }
        let script = "import os, sys; os.set_blocking(0, False); os.execv(sys.argv[1], sys.argv[1:])"
        let words = ["python3", "-c", script, builtProgram("fastdaemon_client"), server.port, "x"]
        let result = try run("/usr/bin/env", words, input: .bytes(manyBytes(500_000)))
        #expect(result.status == .exited(0))
        #expect(try server.finish() == manyBytes(500_000))
    }

    @Test("the end comes while nobody types")
    func endMeanwhile() throws {
        let server = try server { peer in
            try peer.send(.pull())
            try peer.send(.output("bye\n"), .end(status: 3))
            return []
        }
        let terminal = try Terminal(builtProgram("fastdaemon_client"), [server.port, "x"])
        #expect(try terminal.wait() == .exited(3))
        #expect(terminal.shown == "bye\r\n")
        _ = try server.finish()
    }

    @Test("a terminal is read when the command asks, line by line and to Ctrl-D")
    func terminal() throws {
        let server = try server { peer in
            try peer.send(.output("name? "), .pull())
            try peer.expect(.input("Ada\n"))
            try peer.send(.output("again? "), .pull())
            try peer.expect(.input(""))
            try peer.send(.end())
            return []
        }
        let terminal = try Terminal(builtProgram("fastdaemon_client"), [server.port, "x"])
        try terminal.wait(for: "name? ")
        try terminal.type("Ada\n")
        try terminal.wait(for: "again? ")
        try terminal.type("\u{4}")
        #expect(try terminal.wait() == .exited(0))
        _ = try server.finish()
    }

    @Test("a daemon that reads no more input is still listened to")
    func full() throws {
        let server = try server { peer in
            // The input is more than the socket holds, so the client is left with some that it cannot send.
            try peer.send(.pull(1_024))
            for _ in 0..<4 { try peer.send(Frame(0x21, [UInt8](repeating: 65, count: 65_536))) }
            try peer.send(.end())
            return []
        }
        let result = try client(server.port, "x", input: .file("/dev/zero"))
        #expect(result.status == .exited(0))
        #expect(result.output == [UInt8](repeating: 65, count: 262_144))
        _ = try server.finish()
    }

    @Test("more pulls than the protocol allows are status 76")
    func tooManyPulls() throws {
        let server = try server { peer in
            try peer.send(.pull(1_024), .pull(1))
            try peer.expectHangUp()
            return []
        }
        let terminal = try Terminal(builtProgram("fastdaemon_client"), [server.port, "x"])
        #expect(try terminal.wait() == .exited(76))
        #expect(terminal.shown.contains("more than 1024 INPUTs are owed"))
        _ = try server.finish()
    }
}
