import Foundation
import TestSupport
import Testing

@Suite("Stopping", .ownThread, .timeLimit(.minutes(3))) struct ShutdownTests {
    @Test(
        "A signal lets what runs finish, its replies arrive, and the socket's file goes", arguments: [SIGTERM, SIGINT])
    func drains(signal: Int32) throws {
        let daemon = try RunningDaemon()
        let peer = try daemon.connect()
        let idle = try daemon.connect()
        #expect(try idle.ask("echo idle") == Reply("idle\n"))
        try peer.send(recordBytes("wait 0.4") + recordBytes("echo behind"))
        try waitUntilRunning(1, in: daemon)
        daemon.send(signal)
        #expect(
            daemon.waitForLine {
                $0.contains("stopping: no new connections; what runs is finished signal=\(signal) running=1")
            } != nil)
        #expect(try idle.receiveToEnd() == [])
        #expect(try peer.receiveReply() == Reply("waited 0.4\n"))
        #expect(try peer.receiveReply() == Reply("behind\n"))
        #expect(try peer.receiveToEnd() == [])
        let result = try daemon.wait()
        #expect(result.status == .exited(0))
        #expect(result.errorText.hasSuffix("notice: stopped\n"))
        #expect(!FileManager.default.fileExists(atPath: daemon.folder.file("socket")))
    }

    @Test("While it finishes what runs, new connections are refused and another daemon can start in its place")
    func refuses() throws {
        let folder = try DaemonFolder()
        let listen = [#"{ "unix": "socket" }"#, #"{ "tcp": "127.0.0.1:0" }"#]
        let daemon = try RunningDaemon(DaemonConfiguration(listen: listen), in: folder)
        let port = try daemon.port(of: "tcp")
        let peer = try daemon.connect()
        let idle = try daemon.connect()
        #expect(try idle.ask("echo idle") == Reply("idle\n"))
        try peer.send("wait 1")
        try waitUntilRunning(1, in: daemon)
        daemon.send(SIGTERM)
        // It has stopped listening when it ends those that have nothing running.
        #expect(try idle.receiveToEnd() == [])
        #expect(throws: RawPeer.Failure.self) { try daemon.connect() }
        #expect(throws: RawPeer.Failure.self) { try RawPeer(tcp: port) }
        let client = try run(builtProgram("fastdaemon_client"), [folder.file("socket"), "echo"], seconds: 5)
        #expect(client.status == .exited(69))
        #expect(try peer.receiveReply() == Reply("waited 1\n"))
        #expect(try daemon.wait().status == .exited(0))
    }

    @Test("A request that is not whole when the daemon stops is told so")
    func incomplete() throws {
        let daemon = try RunningDaemon()
        let peer = try daemon.connect()
        try peer.send(recordBytes("echo first") + recordBytes("echo second").dropLast(3))
        #expect(try peer.receiveReply() == Reply("first\n"))
        daemon.send(SIGTERM)
        #expect(
            try peer.receiveReply()
                == Reply(
                    "", errors: "fastdaemond: the daemon is shutting down; the request was not whole, and was not run\n"
                ))
        #expect(try daemon.wait().status == .exited(0))
    }

    @Test("Over the drain limit calls are cancelled and named, and the status is 1")
    func drainLimit() throws {
        let daemon = try RunningDaemon(with: ["toolbox"], DaemonConfiguration(limits: ["drainSeconds": 0.2]))
        let peer = try daemon.connect()
        try peer.send("hold")
        #expect(daemon.waitForLine { $0.contains("hold begins") } != nil)
        let watch = Stopwatch()
        let result = try daemon.stop()
        #expect(result.status == .exited(1))
        #expect((0.15...2).contains(watch.seconds), "\(watch.seconds) s")
        #expect(result.errorText.contains("warning: dropped a call command=hold"))
        #expect(result.errorText.contains("hold cancelled for reason 4"))
        #expect(!FileManager.default.fileExists(atPath: daemon.folder.file("socket")))
    }

    @Test("A handler that does not even heed its cancellation does not keep the daemon from ending")
    func stubborn() throws {
        let daemon = try RunningDaemon(with: ["toolbox"], DaemonConfiguration(limits: ["drainSeconds": 0.1]))
        let peer = try daemon.connect()
        try peer.send("stubborn")
        #expect(daemon.waitForLine { $0.contains("stubborn begins") } != nil)
        let watch = Stopwatch()
        let result = try daemon.stop()
        #expect(result.status == .exited(1))
        #expect(watch.seconds < 4, "\(watch.seconds) s")
        #expect(result.errorText.contains("dropped a call command=stubborn"))
        #expect(!FileManager.default.fileExists(atPath: daemon.folder.file("socket")))
    }

    @Test("A second signal ends it at once, with its number in the status", arguments: [SIGTERM, SIGINT])
    func secondSignal(signal: Int32) throws {
        let daemon = try RunningDaemon(with: ["toolbox"])
        let peer = try daemon.connect()
        try peer.send("stubborn")
        #expect(daemon.waitForLine { $0.contains("stubborn begins") } != nil)
        let idle = try daemon.connect()
        #expect(try idle.ask("echo idle") == Reply("idle\n"))
        daemon.send(SIGTERM)
        // It is well under way with stopping when it has ended those that had nothing running.
        #expect(try idle.receiveToEnd() == [])
        let watch = Stopwatch()
        daemon.send(signal)
        let result = try daemon.wait()
        #expect(result.status == .exited(128 + signal))
        #expect(watch.seconds < 2, "\(watch.seconds) s")
        #expect(result.errorText.contains("dropped a call command=stubborn"))
        #expect(!FileManager.default.fileExists(atPath: daemon.folder.file("socket")))
    }

    @Test("Datagrams that were being answered are, before the daemon ends")
    func datagrams() throws {
        let daemon = try RunningDaemon(
            DaemonConfiguration(listen: [#"{ "unix": "socket" }"#, #"{ "udp": "127.0.0.1:0" }"#]))
        let peer = try RawPeer(udp: daemon.port(of: "udp"))
        try peer.send("wait 0.3")
        try waitUntilRunning(1, in: daemon)
        #expect(try daemon.stop().status == .exited(0))
        #expect(try peer.receiveDatagram() == Reply("waited 0.3\n"))
    }

    /// Asks until so many calls run.
    private func waitUntilRunning(_ count: Int, in daemon: RunningDaemon) throws {
        let peer = try daemon.connect()
        let watch = Stopwatch()
        while try !peer.ask("daemon plugins --json").output.contains("\"running\" : \(count)") {
            guard watch.seconds < 10 else { throw TestFailure("nothing runs") }
        }
    }
}
