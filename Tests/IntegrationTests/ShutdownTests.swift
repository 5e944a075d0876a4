import Foundation
import TestSupport
import Testing

@Suite("Stopping", .ownThread, .timeLimit(.minutes(3))) struct ShutdownTests {
    @Test(
        "A signal lets what runs finish, its replies arrive, and the socket's file goes",
        arguments: [SIGTERM, SIGINT, SIGQUIT])
    func drains(signal: Int32) throws {
        let daemon = try RunningDaemon(with: ["session_tools"])
        let gate = try Gate(of: daemon)
        let peer = try daemon.connect()
        let idle = try daemon.connect()
        #expect(try idle.ask("echo idle") == Reply("idle\n"))
        try peer.send(recordBytes("deaf \(gate.path)") + recordBytes("echo behind"))
        try waitUntilRunning(1, in: daemon)
        daemon.send(signal)
        #expect(
            daemon.waitForLine {
                $0.contains("stopping: no new connections; what runs is finished signal=\(signal) running=1")
            } != nil)
        #expect(try idle.receiveToEnd() == [])
        try gate.open()
        #expect(try peer.receiveReply() == Reply("at the gate\ndeaf is done\n"))
        #expect(try peer.receiveReply() == Reply("behind\n"))
        #expect(try peer.receiveToEnd() == [])
        let result = try daemon.wait()
        #expect(result.status == .exited(0))
        #expect(result.errorText.hasSuffix("notice: stopped\n"))
        #expect(!FileManager.default.fileExists(atPath: daemon.folder.file("socket")))
    }

    @Test("While it finishes what runs, new connections are refused and another daemon can start in its place")
    func refuses() throws {
        let listen = [#"{ "unix": "socket" }"#, #"{ "tcp": "127.0.0.1:0" }"#]
        let daemon = try RunningDaemon(with: ["session_tools"], DaemonConfiguration(listen: listen))
        let gate = try Gate(of: daemon)
        let port = try daemon.port(of: "tcp")
        let peer = try daemon.connect()
        let idle = try daemon.connect()
        #expect(try idle.ask("echo idle") == Reply("idle\n"))
        try peer.send("deaf \(gate.path)")
        try waitUntilRunning(1, in: daemon)
        daemon.send(SIGTERM)
        // It has stopped listening when it ends those that have nothing running.
        #expect(try idle.receiveToEnd() == [])
        #expect(throws: RawPeer.Failure.self) { try daemon.connect() }
        #expect(throws: RawPeer.Failure.self) { try RawPeer(tcp: port) }
        let client = try run(builtProgram("fastdaemon_client"), [daemon.folder.file("socket"), "echo"])
        #expect(client.status == .exited(69))
        // Another daemon serves in its place.
        let next = try RunningDaemon(in: daemon.folder)
        #expect(try next.ask("echo next") == Reply("next\n"))
        try gate.open()
        #expect(try peer.receiveReply() == Reply("at the gate\ndeaf is done\n"))
        #expect(try daemon.wait().status == .exited(0))
    }

    @Test("Those that wait to be accepted are accepted before idle ones are let go of, however many they are")
    func accepts() throws {
        let listen = [#"{ "unix": "socket" }"#, #"{ "tcp": "127.0.0.1:0" }"#]
        let daemon = try RunningDaemon(DaemonConfiguration(listen: listen))
        let port = try daemon.port(of: "tcp")
        let idle = try daemon.connect()
        #expect(try idle.ask("echo idle") == Reply("idle\n"))
        daemon.send(SIGSTOP)
        try daemon.wait(until: "it stands still") { daemon.isStopped }
        let peers = try (0..<400).map { _ in try RawPeer(tcp: port) }
        for peer in peers { try peer.send("echo waited") }
        daemon.send(SIGTERM)
        daemon.send(SIGCONT)
        #expect(try idle.receiveToEnd() == [])
        #expect(throws: RawPeer.Failure.self) { try RawPeer(tcp: port) }
        for peer in peers { #expect(try peer.receiveReply() == Reply("waited\n")) }
        #expect(try daemon.wait().status == .exited(0))
    }

    @Test("Requests that have come are answered before their connections are let go of, however many they are")
    func unread() throws {
        allowManyDescriptors()
        let configuration = DaemonConfiguration(limits: ["connections": 3000], others: ["loops": "1"])
        let daemon = try RunningDaemon(with: ["stuck"], configuration)
        let gate = try Gate(of: daemon)
        // More than the loop hears of in the rounds that it has before it ends reading.
        let peers = try (0..<2000).map { _ in try daemon.connect() }
        for peer in peers { #expect(try peer.ask("echo first") == Reply("first\n")) }
        let holding = try daemon.connect()
        try holding.send("stuck \(gate.path)")
        try daemon.waitForLog("stuck in process")
        daemon.send(SIGTERM)
        for (index, peer) in peers.enumerated() { try peer.send("echo \(index)") }
        try gate.open()
        for (index, peer) in peers.enumerated() {
            #expect(try peer.receiveReply() == Reply("\(index)\n"))
            #expect(try peer.receiveToEnd() == [])
        }
        #expect(try daemon.wait().status == .exited(0))
    }

    @Test("What a TCP peer sends after the daemon has said its last does not break off what it was sent")
    func lingers() throws {
        let daemon = try RunningDaemon(DaemonConfiguration(listen: [#"{ "tcp": "127.0.0.1:0" }"#]))
        let peer = try RawPeer(tcp: daemon.port(of: "tcp"))
        try peer.send("echo first")
        #expect(try peer.receiveReply() == Reply("first\n"))
        daemon.send(SIGTERM)
        // The end has come, so this is too late.
        #expect(try peer.hasSomethingToRead(within: 60))
        try peer.send("echo second")
        // A reset would be an error.
        #expect(try peer.receive(1) == [])
        peer.hangUp()
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
        let (watch, pauseless) = (Stopwatch(), PauselessStopwatch())
        let result = try daemon.stop()
        #expect(result.status == .exited(1))
        #expect(watch.seconds > 0.15 && pauseless.seconds < 2, "\(watch.seconds) s")
        #expect(result.errorText.contains("warning: dropped a call command=hold"))
        #expect(result.errorText.contains("hold cancelled for reason 4"))
        #expect(!FileManager.default.fileExists(atPath: daemon.folder.file("socket")))
    }

    @Test("A plugin that a reload was loading is destroyed before the daemon ends")
    func reloading() throws {
        let daemon = try RunningDaemon()
        let gate = try Gate(of: daemon)
        try daemon.folder.replace(FixturePlugin("slow_life"), definitions: [#"GATE="\#(gate.path)""#])
        try daemon.folder.write(DaemonConfiguration(plugins: ["slow_life"]).text)
        daemon.send(SIGHUP)
        try daemon.waitForLog("being created")
        daemon.send(SIGTERM)
        try daemon.waitForLog("stopping: no new connections")
        try gate.open()
        let result = try daemon.wait()
        #expect(result.status == .exited(0))
        #expect(result.errorText.contains("notice: destroyed plugin=slow-life"), "\(result.errorText)")
    }

    @Test("A plugin that hangs while a daemon comes up is named, and a signal ends that daemon")
    func hangingStart() throws {
        let folder = try DaemonFolder()
        try folder.build("hanging_create")
        try folder.write(DaemonConfiguration(plugins: ["Echo", "hanging_create"]).text)
        let daemon = try RunningDaemon(startingIn: folder)
        try daemon.waitForLog("warning: still loading after 3 s: plugins[1]: a function of ")
        #expect(try daemon.stop().status == .signalled(SIGTERM))
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
        let watch = PauselessStopwatch()
        daemon.send(signal)
        let result = try daemon.wait()
        #expect(result.status == .exited(128 + signal))
        #expect(watch.seconds < 2, "\(watch.seconds) s")
        #expect(result.errorText.contains("dropped a call command=stubborn"))
        #expect(!FileManager.default.fileExists(atPath: daemon.folder.file("socket")))
    }

    @Test("SIGUSR1, at which others open their logs anew, does nothing but say so")
    func otherSignal() throws {
        let daemon = try RunningDaemon()
        daemon.send(SIGUSR1)
        try daemon.waitForLog("SIGUSR1 has no meaning here")
        #expect(try daemon.ask("echo on") == Reply("on\n"))
        #expect(try daemon.stop().status == .exited(0))
    }

    @Test("A third ends it where a handler holds its event loop, so that nobody hears the first")
    func unheardSignals() throws {
        let configuration = DaemonConfiguration(others: ["loops": "1"])
        let daemon = try RunningDaemon(with: ["stuck"], configuration)
        let gate = try Gate(of: daemon)
        let peer = try daemon.connect()
        try peer.send("stuck \(gate.path)")
        try daemon.waitForLog("stuck in process")
        // Two that come at the same moment may be one.
        try daemon.wait(until: "it has ended") {
            daemon.send(SIGTERM)
            return !isAlive(daemon.process)
        }
        #expect(try daemon.wait().status == .exited(128 + SIGTERM))
        #expect(try RunningDaemon(in: daemon.folder).ask("echo next") == Reply("next\n"))
    }

    @Test("Datagrams that were being answered are, before the daemon ends")
    func datagrams() throws {
        let listen = [#"{ "unix": "socket" }"#, #"{ "udp": "127.0.0.1:0" }"#]
        let daemon = try RunningDaemon(with: ["session_tools"], DaemonConfiguration(listen: listen))
        let gate = try Gate(of: daemon)
        let peer = try RawPeer(udp: daemon.port(of: "udp"))
        try peer.send("deaf \(gate.path)")
        try waitUntilRunning(1, in: daemon)
        daemon.send(SIGTERM)
        try daemon.waitForLog("stopping: no new connections")
        try gate.open()
        #expect(try daemon.wait().status == .exited(0))
        #expect(try peer.receiveDatagram() == Reply("at the gate\ndeaf is done\n"))
    }

    /// Asks until so many calls run.
    private func waitUntilRunning(_ count: Int, in daemon: RunningDaemon) throws {
        let peer = try daemon.connect()
        try daemon.wait(until: "\(count) calls run") {
            try peer.ask("daemon plugins --json").output.contains("\"running\" : \(count)")
        }
    }
}
