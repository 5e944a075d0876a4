import Foundation
import TestSupport
import Testing

@Suite("Signals go along in a session")
struct SessionSignalTests {
    private let folder = try! TemporaryFolder()

    /// A server that says "ready" on standard error first.
    private func server(_ script: @escaping @Sendable (Peer) throws -> Void) throws -> FakeServer {
        try sessionServer(.unix(folder.file("s"))) { peer, _ in
            try peer.send(.errors("ready\n"))
            try script(peer)
            return []
        }
    }

    /// Starts the forwarder, and waits until the command is ready.
    private func start(_ server: FakeServer) throws -> RunningProgram {
        let program = try RunningProgram(builtProgram("fastdaemon_client"), [server.port, "x"])
        #expect(program.nextErrorLine() == "ready")
        return program
    }

    private static let cancelling = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]

    @Test("the first one is forwarded, and ends the program once it ended the command", arguments: cancelling)
    func first(number: Int32) throws {
        let server = try server { peer in
            try peer.expect(.signal(number))
            try peer.send(.output("bye"), .end(status: 128 + UInt8(number)))
            try peer.expectHangUp()
        }
        let program = try start(server)
        program.send(number)
        let result = try program.wait()
        #expect(result.status == .signalled(number))
        #expect(result.outputText == "bye")
        #expect(result.errorText == "ready\n")
        _ = try server.finish()
    }

    @Test("a command that ends in another way has its own status", arguments: [0, 1, 143] as [UInt8])
    func ownStatus(status: UInt8) throws {
        let server = try server { peer in
            try peer.expect(.signal(SIGINT))
            try peer.send(.end(status: status))
        }
        let program = try start(server)
        program.send(SIGINT)
        #expect(try program.wait().status == .exited(Int32(status)))
        _ = try server.finish()
    }

    @Test("so has one that the daemon gave up")
    func otherVerdict() throws {
        let server = try server { peer in
            try peer.expect(.signal(SIGINT))
            try peer.send(.end(4, status: 130, "killed"))
        }
        let program = try start(server)
        program.send(SIGINT)
        #expect(try program.wait().status == .exited(130))
        _ = try server.finish()
    }

    @Test("the second one ends the program at once", arguments: cancelling)
    func second(number: Int32) throws {
        let isForwarded = DispatchSemaphore(value: 0)
        let server = try server { peer in
            try peer.expect(.signal(SIGTERM))
            isForwarded.signal()
            try peer.expectHangUp()
        }
        let program = try start(server)
        program.send(SIGTERM)
        isForwarded.wait()
        program.send(number)
        let result = try program.wait()
        #expect(result.status == .signalled(number))
        #expect(result.errorText == "ready\n")
        _ = try server.finish()
    }

    @Test("one that was ignored stays ignored")
    func ignored() throws {
        let server = try server { peer in
            try peer.expect(.signal(SIGTERM))
            try peer.send(.end())
        }
        let script = "trap '' HUP INT; exec \"$@\""
        let program = try RunningProgram(
            "/bin/sh", ["-c", script, "sh", builtProgram("fastdaemon_client"), server.port, "x"])
        #expect(program.nextErrorLine() == "ready")
        program.send(SIGHUP)
        program.send(SIGINT)
        program.send(SIGTERM)
        #expect(try program.wait().status == .exited(0))
        _ = try server.finish()
    }

    @Test("one goes along while nobody reads the output")
    func slowReader() throws {
        let server = try server { peer in
            // More than the client's standard output, a pipe that is not read, takes.
            for _ in 0..<4 { try peer.send(Frame(0x21, [UInt8](repeating: 65, count: 65_536))) }
            try peer.expect(.signal(SIGINT))
            try peer.send(.end(status: 130))
        }
        // Standard output is not read before the program is waited for.
        let program = try start(server)
        program.send(SIGINT)
        let result = try program.wait()
        #expect(result.status == .signalled(SIGINT))
        #expect(result.output.count == 262_144)
        _ = try server.finish()
    }

    @Test("none is lost, whenever it comes", arguments: 0..<20)
    func busy(round: Int) throws {
        let server = try sessionServer(.unix(folder.file("s"))) { peer, _ in
            try peer.send(.errors("ready\n"))
            // Input, output and credit are under way all the time, until the signal comes between two frames.
            while true {
                try peer.send(.pull(), Frame(0x21, [UInt8](repeating: 65, count: 4_000)))
                guard let frame = try peer.receiveFrame() else { throw TestFailure("the signal was lost") }
                if frame == .signal(SIGTERM) { break }
                guard frame.type == 0x07 || frame.type == 0x09 else { throw TestFailure("broken frame: \(frame)") }
            }
            try peer.send(.end(status: 143))
            return []
        }
        let program = try RunningProgram(
            "/bin/sh", ["-c", "exec \"$@\" >/dev/null", "sh", builtProgram("fastdaemon_client"), server.port, "x"],
            input: .file("/dev/zero"))
        #expect(program.nextErrorLine() == "ready")
        program.send(SIGTERM)
        #expect(try program.wait().status == .signalled(SIGTERM))
        _ = try server.finish()
    }

    @Test("Ctrl-C at a terminal")
    func terminal() throws {
        let server = try server { peer in
            try peer.expect(.signal(SIGINT))
            try peer.send(.output("again?\n"))
            try peer.expectHangUp()
        }
        let terminal = try Terminal(builtProgram("fastdaemon_client"), [server.port, "x"])
        try terminal.wait(for: "ready")
        try terminal.type("\u{3}")
        try terminal.wait(for: "again?")
        try terminal.type("\u{3}")
        #expect(try terminal.wait() == .signalled(SIGINT))
        _ = try server.finish()
    }

    @Test("Ctrl-C stops a shell's loop once the command has ended of it")
    func loop() throws {
        let server = try server { peer in
            try peer.expect(.signal(SIGINT))
            try peer.send(.output("bye\n"), .end(status: 130))
        }
        let script = "for i in 1 2 3; do \"$@\"; echo round $i; done; echo after"
        let words = ["-c", script, "bash", builtProgram("fastdaemon_client"), server.port, "x"]
        let terminal = try Terminal("/bin/bash", words)
        try terminal.wait(for: "ready")
        try terminal.type("\u{3}")
        #expect(try terminal.wait() == .signalled(SIGINT))
        #expect(terminal.shown.contains("bye"))
        #expect(!terminal.shown.contains("round") && !terminal.shown.contains("after"))
        _ = try server.finish()
    }

    @Test("a terminal's new size goes along, as often as it changes, and is no cancellation")
    func windowChange() throws {
        let server = try server { peer in
            try peer.expect(.signal(SIGWINCH, columns: 100, rows: 30))
            try peer.send(.output("one\n"))
            try peer.expect(.signal(SIGWINCH, columns: 90, rows: 20))
            try peer.send(.output("two\n"))
            try peer.expect(.signal(SIGWINCH, columns: 90, rows: 20))
            try peer.send(.output("three\n"))
            try peer.expect(.signal(SIGINT))
            try peer.send(.end(status: 130))
        }
        let terminal = try Terminal(builtProgram("fastdaemon_client"), [server.port, "x"])
        try terminal.wait(for: "ready")
        terminal.resize(columns: 100, rows: 30)
        try terminal.wait(for: "one")
        terminal.resize(columns: 90, rows: 20)
        try terminal.wait(for: "two")
        // While it was stopped, only those in the foreground were told of a new size.
        terminal.continueProgram()
        try terminal.wait(for: "three")
        try terminal.type("\u{3}")
        #expect(try terminal.wait() == .signalled(SIGINT))
        _ = try server.finish()
    }

    @Test("without a terminal there is no size")
    func noWindow() throws {
        let server = try server { peer in
            try peer.expect(.signal(SIGTERM))
            try peer.send(.end())
        }
        let program = try start(server)
        program.send(SIGWINCH)
        program.send(SIGTERM)
        #expect(try program.wait().status == .exited(0))
        _ = try server.finish()
    }
}
