import Foundation
import TestSupport
import Testing

@Suite("The output of a session")
struct SessionOutputTests {
    private let folder = try! TemporaryFolder()

    private func server(_ script: @escaping @Sendable (Peer) throws -> [UInt8]) throws -> FakeServer {
        try sessionServer(.unix(folder.file("s"))) { peer, _ in try script(peer) }
    }

    @Test("both streams byte by byte, in the order in which they were written")
    func order() throws {
        let server = try server { peer in
            try peer.send(
                .output("1"), .output("2\n"), .errors("3\n"), .errors("4\n"), .output("5"), .errors("6\n"), .end())
            return []
        }
        #expect(try shell("exec \"$@\" 2>&1", server).outputText == "12\n3\n4\n56\n")
        _ = try server.finish()

        let all = (0...255).map { UInt8($0) }
        let result = try session { peer in
            try peer.send(Frame(0x21, all), Frame(0x22, all.reversed()), .end())
        }
        #expect(result.output == all)
        #expect(result.errors == all.reversed())
    }

    @Test("frames may come in any pieces")
    func pieces() throws {
        let result = try session { peer in
            let frames: [Frame] = [
                .output("out"), .errors("err"), Frame(0x80), Frame(0xFC, [1, 2, 3]), .output("put"),
                .end(9, status: 77, "why"),
            ]
            for byte in frames.flatMap(\.bytes) { try peer.send([byte]) }
        }
        #expect(result.status == .exited(77))
        #expect(result.outputText == "output")
        #expect(result.errorText == "errfastdaemon_client: why\n")
    }

    @Test("frames of a later version are skipped, also large ones")
    func skipped() throws {
        let result = try session { peer in
            try peer.send(
                .output("a"), Frame(0x80, [UInt8](repeating: 1, count: 65_536)), .output("b"), Frame(0xFC),
                .output("c"),
                .end())
        }
        #expect(result.status == .exited(0))
        #expect(result.outputText == "abc")
    }

    @Test("it is shown when it comes")
    func atOnce() throws {
        let isSeen = DispatchSemaphore(value: 0)
        let server = try server { peer in
            try peer.send(.errors("first\n"))
            isSeen.wait()
            try peer.send(.end())
            return []
        }
        let program = try RunningProgram(builtProgram("fastdaemon_client"), [server.port, "x"])
        #expect(program.nextErrorLine() == "first")
        isSeen.signal()
        #expect(try program.wait().status == .exited(0))
        _ = try server.finish()
    }

    @Test("credit is given for what was written out, and never runs dry")
    func credit() throws {
        let count = 64 << 20
        let result = try session { peer in
            var (credit, sent) = (262_144, 0)
            let block = [UInt8](repeating: 7, count: 65_536)
            while sent < count {
                while credit < block.count {
                    guard let frame = try peer.receiveFrame(), frame.type == 0x09 else {
                        throw TestFailure("no credit")
                    }
                    credit += frame.payload.reduce(0) { $0 << 8 | Int($1) }
                }
                try peer.send(Frame(sent % 131_072 == 0 ? 0x21 : 0x22, block))
                credit -= block.count
                sent += block.count
            }
            try peer.send(.end())
        }
        #expect(result.status == .exited(0))
        #expect(result.output == [UInt8](repeating: 7, count: count / 2))
        #expect(result.errors == [UInt8](repeating: 7, count: count / 2))
    }

    @Test("a reader that leaves ends it quietly, as SIGPIPE ends cat, and the command is hung up on")
    func brokenPipe() throws {
        let server = try server { peer in
            try peer.send(.output("line\n"))
            while (try? peer.send(.output("more\n"))) != nil {}
            return []
        }
        let result = try shell("\"$@\" | head -1; echo ${PIPESTATUS[0]}", server)
        #expect(result.outputText == "line\n141\n")
        #expect(result.errors.isEmpty)
        _ = try server.finish()
    }

    @Test("it ends so, too, where SIGPIPE is ignored")
    func ignoredBrokenPipe() throws {
        let server = try server { peer in
            while (try? peer.send(.output("x"))) != nil {}
            return []
        }
        let result = try shell("trap '' PIPE; \"$@\" | head -c 1; echo ${PIPESTATUS[0]}", server)
        #expect(result.outputText == "x141\n")
        #expect(result.errors.isEmpty)
        _ = try server.finish()
    }

    @Test("a closed standard output is an error only where there is output")
    func closedOutput() throws {
        let quiet = try session(closing: [1]) { try $0.send(.errors("err"), .end()) }
        #expect(quiet.status == .exited(0))
        #expect(quiet.errorText == "err")

        let failed = try session(closing: [1]) { peer in
            try peer.send(.output("A"))
            try peer.expectHangUp()
        }
        #expect(failed.status == .exited(74))
        #expect(failed.errorText == "fastdaemon_client: cannot write standard output: Bad file descriptor\n")
    }

    @Test("what goes to a closed standard error is dropped, and given credit for")
    func closedErrors() throws {
        let result = try session(closing: [2]) { peer in
            for _ in 0..<2 { try peer.send(Frame(0x22, [UInt8](repeating: 65, count: 65_536))) }
            guard try peer.receiveFrame()?.type == 0x09 else { throw TestFailure("no credit") }
            try peer.send(.output("out"), .end(status: 5))
        }
        #expect(result.status == .exited(5))
        #expect(result.outputText == "out")
    }

    @Test("all three streams closed, the connection is none of them")
    func allClosed() throws {
        let result = try session(input: .closed, closing: [1, 2]) { peer in
            try peer.send(.errors("dropped"), .output("A"))
            try peer.expectHangUp()
        }
        #expect(result.status == .exited(74))
    }

    @Test("a full device is status 74")
    func fullDevice() throws {
        let server = try server { peer in
            try peer.send(.output("A"))
            try peer.expectHangUp()
            return []
        }
        let result = try shell("\"$@\" >/dev/full", server)
        #expect(result.status == .exited(74))
        #expect(result.errorText == "fastdaemon_client: cannot write standard output: No space left on device\n")
        _ = try server.finish()
    }

    @Test(
        "an output that does not block is waited for", .enabled(if: isInstalled("python3"), "python3 is not installed"))
    func nonBlocking() throws {
        let server = try server { peer in
            for index in 0..<4 { try peer.send(Frame(0x21, [UInt8](repeating: UInt8(index), count: 65_536))) }
            try peer.send(.end())
            return []
        }
        let script = "import os, sys; os.set_blocking(1, False); os.execv(sys.argv[1], sys.argv[1:])"
        let words = ["python3", "-c", script, builtProgram("fastdaemon_client"), server.port, "x"]
        let result = try run("/usr/bin/env", words)
        #expect(result.status == .exited(0))
        #expect(result.output == manyBytes(4 << 16))
        _ = try server.finish()
    }
}
