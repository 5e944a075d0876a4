import Foundation
import TestSupport
import Testing

@Suite("Socket activation", .ownThread, .timeLimit(.minutes(2))) struct ActivationTests {
    private func start(
        _ sockets: ActivatedSockets, in folder: DaemonFolder, _ environment: [String: String] = [:]
    ) throws -> RunningDaemon {
        try sockets.handOver { launcher, variables in
            try RunningDaemon(
                startingIn: folder, launcher: launcher, environment: variables.merging(environment) { $1 })
        }
    }

    @Test("Sockets are served by their names: streams and datagrams, Unix and TCP, several of one name")
    func names() throws {
        let sockets = ActivatedSockets()
        let folder = try DaemonFolder()
        try sockets.add("records", unix: folder.file("a"))
        let port = try sockets.add("records")
        try sockets.add("datagrams", unix: folder.file("d"), datagram: true)
        try sockets.add("old", unix: folder.file("classic"))
        try folder.write(
            DaemonConfiguration(listen: [
                #"{ "systemd": "datagrams" }"#, #"{ "systemd": "records" }"#,
                #"{ "systemd": "old", "protocol": "classic" }"#,
            ]).text)
        let daemon = try start(sockets, in: folder)
        try daemon.waitUntilReady()
        #expect(try daemon.connect("a").ask("echo unix") == Reply("unix\n"))
        #expect(try RawPeer(tcp: port).ask("echo tcp") == Reply("tcp\n"))
        let peer = try RawPeer(unixDatagram: folder.file("d"), own: folder.file("own"))
        try peer.send("echo datagram")
        #expect(try peer.receiveDatagram() == Reply("datagram\n"))
        // Input first, then the words.
        let classic = try daemon.connect("classic")
        try classic.send(recordBytes("", "echo classic"))
        #expect(try classic.receiveReply() == Reply("classic\n"))
        #expect(daemon.log.contains { $0.contains("unix \(folder.file("a")) (systemd records)") }, "\(daemon.log)")
        #expect(!daemon.log.contains { $0.contains("closed a socket") })
        #expect(try daemon.stop().status == .exited(0))
        for name in ["a", "d", "classic"] {
            #expect(access(folder.file(name), F_OK) == 0, "it removed a file that is not its own")
            #expect(access(folder.file(name + ".lock"), F_OK) != 0)
        }
    }

    @Test("Handlers see none of the variables")
    func environment() throws {
        let sockets = ActivatedSockets()
        let folder = try DaemonFolder()
        try folder.build("stuck")
        try sockets.add("s", unix: folder.file("socket"))
        try folder.write(DaemonConfiguration(listen: [#"{ "systemd": "s" }"#], plugins: ["stuck"]).text)
        let manager = try NoticeReceiver(at: folder.file("notify"))
        let daemon = try start(
            sockets, in: folder, manager.environment.merging(["WATCHDOG_USEC": "60000000", "OTHER": "seen"]) { $1 })
        #expect(manager.next(with: "READY=1") != nil)
        for name in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "NOTIFY_SOCKET", "WATCHDOG_USEC"] {
            #expect(try daemon.ask("variable \(name)") == Reply("not set"), "\(name)")
        }
        #expect(try daemon.ask("variable OTHER") == Reply("seen"))
        #expect(try daemon.stop().status == .exited(0))
    }

    @Test("A name that was not passed is an error that says which were")
    func missing() throws {
        let sockets = ActivatedSockets()
        let folder = try DaemonFolder()
        try sockets.add("web", unix: folder.file("a"))
        try sockets.add("records", unix: folder.file("b"))
        try folder.write(DaemonConfiguration(listen: [#"{ "systemd": "recods" }"#]).text)
        let result = try start(sockets, in: folder).wait()
        #expect(result.status == .exited(69))
        #expect(
            result.errorText.contains(
                "cannot listen on the systemd socket \"recods\": no such socket was passed; those that were are named "
                    + "\"web\", \"records\""))
        let alone = try folder.runDaemon()
        #expect(alone.status == .exited(69))
        #expect(alone.errorText.contains("no sockets were passed to the daemon; start it by its socket unit"))
        #expect(try folder.runDaemon("--check").status == .exited(0), "a config can be checked without its sockets")
    }

    @Test("Sockets for another process are none of ours")
    func otherProcess() throws {
        let sockets = ActivatedSockets()
        let folder = try DaemonFolder()
        try sockets.add("web", unix: folder.file("a"))
        try folder.write(DaemonConfiguration(listen: [#"{ "systemd": "web" }"#]).text)
        let daemon = try sockets.handOver { launcher, variables in
            var launcher = launcher
            launcher[3] = launcher[3].replacingOccurrences(of: "LISTEN_PID=$$", with: "LISTEN_PID=1")
            return try RunningDaemon(startingIn: folder, launcher: launcher, environment: variables)
        }
        #expect(try daemon.wait().status == .exited(69))
    }

    @Test("A listener with an address takes the socket that is bound there; one that nobody wants is named and closed")
    func byAddress() throws {
        let sockets = ActivatedSockets()
        let folder = try DaemonFolder()
        try sockets.add("s", unix: folder.file("socket"))
        let port = try sockets.add("t")
        try sockets.add("surplus", unix: folder.file("surplus"))
        symlink(folder.path, folder.file("link"))
        try folder.write(
            DaemonConfiguration(listen: [#"{ "unix": "link/socket" }"#, #"{ "tcp": "127.0.0.1:\#(port)" }"#]).text)
        let daemon = try start(sockets, in: folder)
        try daemon.waitUntilReady()
        #expect(try daemon.ask("echo hi") == Reply("hi\n"))
        #expect(try RawPeer(tcp: port).ask("echo hi") == Reply("hi\n"))
        #expect(
            daemon.log.contains {
                $0.contains("warning: closed a socket that was passed and that no listener of the config is for")
                    && $0.contains("surplus (\(folder.file("surplus")))")
            }, "\(daemon.log)")
        #expect(try daemon.stop().status == .exited(0))
        #expect(access(folder.file("socket"), F_OK) == 0)
    }

    @Test("What other machines can reach needs allowRemote, and allowUsers a Unix stream socket")
    func trust() throws {
        let sockets = ActivatedSockets()
        let folder = try DaemonFolder()
        _ = try sockets.add("open", host: "0.0.0.0")
        try folder.write(DaemonConfiguration(listen: [#"{ "systemd": "open" }"#]).text)
        let refused = try start(sockets, in: folder).wait()
        #expect(refused.status == .exited(69))
        #expect(refused.errorText.contains("\"allowRemote\": true"))
        try folder.write(
            DaemonConfiguration(listen: [#"{ "systemd": "open", "allowRemote": true, "allowUsers": [ 0 ] }"#]).text)
        #expect(try start(sockets, in: folder).wait().errorText.contains("allowUsers is for Unix stream sockets"))
        try folder.write(DaemonConfiguration(listen: [#"{ "systemd": "open", "allowRemote": true }"#]).text)
        let daemon = try start(sockets, in: folder)
        try daemon.waitUntilReady()
        #expect(daemon.log.contains { $0.contains("can be reached from other machines") })
        #expect(try daemon.stop().status == .exited(0))
    }

    @Test("Connections that come while no daemon runs, and while one is restarted, are answered by the next")
    func restarts() throws {
        let sockets = ActivatedSockets()
        let folder = try DaemonFolder()
        try sockets.add("s", unix: folder.file("socket"))
        try folder.write(DaemonConfiguration(listen: [#"{ "systemd": "s" }"#]).text)
        for signal in [SIGTERM, SIGKILL, SIGTERM] {
            let early = try RawPeer(unix: folder.file("socket"))
            try early.send("echo early")
            let daemon = try start(sockets, in: folder)
            #expect(try early.receiveReply() == Reply("early\n"))
            daemon.send(signal)
            _ = try daemon.wait()
        }
    }

    @Test("Who has connected to a daemon that is restarted, and has sent nothing yet, is served all the same")
    func lateRequest() throws {
        let sockets = ActivatedSockets()
        let folder = try DaemonFolder()
        try sockets.add("s", unix: folder.file("socket"))
        try folder.write(DaemonConfiguration(listen: [#"{ "systemd": "s" }"#]).text)
        let daemon = try start(sockets, in: folder)
        try daemon.waitUntilReady()
        let late = try daemon.connect()
        // One of them asks.
        try daemon.wait(until: "it has accepted the connection") { try daemon.status().connections == 2 }
        daemon.send(SIGTERM)
        try daemon.waitForLog("stopping: no new connections")
        try daemon.wait(until: "it waits", seconds: 10) { try late.hasSomethingToRead(within: 0) || daemon.isAsleep }
        try late.send("echo late")
        #expect(try late.receiveReply() == Reply("late\n"))
        #expect(try late.receiveToEnd().isEmpty)
        #expect(try daemon.wait().status == .exited(0))
    }

    @Test("A daemon that is to stop at once does not wait for them, and drops nothing of theirs")
    func noPatience() throws {
        let sockets = ActivatedSockets()
        let folder = try DaemonFolder()
        try sockets.add("s", unix: folder.file("socket"))
        try folder.write(DaemonConfiguration(listen: [#"{ "systemd": "s" }"#], limits: ["drainSeconds": 0]).text)
        let daemon = try start(sockets, in: folder)
        try daemon.waitUntilReady()
        let idle = try daemon.connect()
        #expect(try idle.ask("echo on") == Reply("on\n"))
        daemon.send(SIGTERM)
        #expect(try idle.receiveToEnd().isEmpty)
        let result = try daemon.wait()
        #expect(result.status == .exited(0), "\(result.errorText)")
    }

    @Test("A reload keeps them, and can leave one and come back to it")
    func reload() throws {
        let sockets = ActivatedSockets()
        let folder = try DaemonFolder()
        try sockets.add("one", unix: folder.file("one"))
        try sockets.add("two", unix: folder.file("two"))
        let both = DaemonConfiguration(listen: [#"{ "systemd": "one" }"#, #"{ "systemd": "two" }"#])
        try folder.write(both.text)
        let daemon = try start(sockets, in: folder)
        try daemon.waitUntilReady()
        try folder.write(DaemonConfiguration(listen: [#"{ "systemd": "one" }"#]).text)
        daemon.send(SIGHUP)
        #expect(daemon.waitForLine { $0.contains("reloaded generation=2") } != nil)
        let waiting = try daemon.connect("two")
        try waiting.send("echo waited")
        #expect(try daemon.connect("one").ask("echo one") == Reply("one\n"))
        try folder.write(both.text)
        daemon.send(SIGHUP)
        #expect(daemon.waitForLine { $0.contains("reloaded generation=3") } != nil)
        #expect(try waiting.receiveReply() == Reply("waited\n"))
        #expect(try daemon.stop().status == .exited(0))
    }

    @Test(
        "systemd-socket-activate starts it for the first connection, with the names that it was told",
        .enabled(if: isInstalled("systemd-socket-activate"), "systemd is not installed"))
    func systemd() throws {
        let folder = try DaemonFolder()
        try folder.write(
            DaemonConfiguration(listen: [#"{ "systemd": "two" }"#, #"{ "systemd": "one" }"#]).text)
        // It hands on no other variables than it is told.
        let variables = isSanitized ? ["ASAN", "LSAN", "TSAN"].map { "--setenv=\($0)_OPTIONS" } : []
        let daemon = try RunningDaemon(
            startingIn: folder,
            launcher: [
                "/usr/bin/env", "systemd-socket-activate", "--fdname=one:two", "--listen=\(folder.file("a"))",
                "--listen=\(folder.file("b"))",
            ] + variables)
        #expect(daemon.waitForLine { $0.contains("Listening on \(folder.file("b"))") } != nil, "\(daemon.log)")
        #expect(try daemon.connect("b").ask("echo b") == Reply("b\n"))
        #expect(try daemon.connect("a").ask("echo a") == Reply("a\n"))
        #expect(daemon.waitForLine { $0.contains("unix \(folder.file("a")) (systemd one)") } != nil, "\(daemon.log)")
        #expect(try daemon.stop().status == .exited(0))
    }
}
