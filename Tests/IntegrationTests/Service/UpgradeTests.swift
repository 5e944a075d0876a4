import Foundation
import Synchronization
import TestSupport
import Testing

@Suite("An upgrade in place", .ownThread, .timeLimit(.minutes(2))) struct UpgradeTests {
    @Test("fails no call, of many callers that come and go, on any listener, one upgrade after the other")
    func underLoad() throws {
        let listen = [
            #"{ "unix": "socket" }"#, #"{ "tcp": "127.0.0.1:0" }"#, #"{ "unixDatagram": "datagrams" }"#,
        ]
        let upgradable = try Upgradable(DaemonConfiguration(listen: listen))
        let (daemon, folder) = (upgradable.daemon, upgradable.folder)
        let port = try daemon.port(of: "tcp")
        let stop = Flag()
        let calls = Atomic(0)
        let failures = Mutex<[String]>([])
        let callers = (0..<6).map { number in
            BackgroundThread {
                var count = 0
                while !stop.isSet {
                    count += 1
                    do {
                        let text = "\(number) \(count)"
                        let reply: Reply
                        switch number {
                        case 0, 1, 2: reply = try daemon.ask("echo \(text)")
                        case 3, 4: reply = try RawPeer(tcp: port).ask("echo \(text)")
                        default:
                            let peer = try RawPeer(
                                unixDatagram: folder.file("datagrams"), own: folder.file("own\(count)"))
                            try peer.send("echo \(text)")
                            reply = try peer.receiveDatagram()
                        }
                        calls.add(1, ordering: .relaxed)
                        if reply != Reply("\(text)\n") { failures.withLock { $0.append("\(text): \(reply)") } }
                    } catch {
                        failures.withLock { $0.append("\(number): \(error)") }
                    }
                }
            }
        }
        // Calls that take longer than the change are finished by the one that began them.
        let slow = try daemon.connect()
        try slow.send("wait 1.5")
        var successor = try upgradable.upgrade()
        defer { kill(successor, SIGKILL) }
        #expect(try isServed(daemon, by: successor))
        #expect(try slow.receiveReply() == Reply("waited 1.5\n"))
        slow.hangUp()
        #expect(daemon.waitForLine { $0.contains("notice: stopped") } != nil)
        // The successor's successor.
        let before = calls.load(ordering: .relaxed)
        let second = successor
        kill(second, SIGUSR2)
        let line = try #require(
            daemon.waitForLine { $0.contains("an upgrade begins") && !$0.hasSuffix("process=\(second)") })
        successor = try #require(line.split(separator: "=").last.flatMap { pid_t($0) })
        #expect(hasEnded(second))
        #expect(try isServed(daemon, by: successor))
        stop.set()
        for caller in callers { caller.join() }
        #expect(failures.withLock { $0 } == [])
        #expect(before > 0 && calls.load(ordering: .relaxed) > before)
        #expect(access(folder.file("socket"), F_OK) == 0)
        #expect(try upgradable.end(successor).status == .exited(0))
        for name in ["socket", "socket.lock", "datagrams", "datagrams.lock"] {
            #expect(access(folder.file(name), F_OK) != 0, "\(name) was left behind")
        }
    }

    @Test("lets sessions, calls in workers and connections go on where they began, and ends idle ones in the end")
    func connections() throws {
        let wait = #"{ "library": "libWait.so", "execution": "process" }"#
        let upgradable = try Upgradable(
            DaemonConfiguration(plugins: ["Echo", "Count", wait], limits: ["drainSeconds": 4]))
        let daemon = upgradable.daemon
        let idle = try daemon.connect()
        #expect(try idle.ask("echo before") == Reply("before\n"))
        let session = try daemon.session(RawRequest("count", "-l"))
        try session.waitForPull()
        let call = try daemon.connect()
        try call.send("wait 1")
        let other = try daemon.session(RawRequest("wait", "1"))
        try daemon.wait(until: "both run") { try daemon.status()["wait"]?.running == 2 }
        let successor = try upgradable.upgrade()
        defer { kill(successor, SIGKILL) }
        #expect(try idle.ask("echo after") == Reply("after\n"))
        #expect(try call.receiveReply() == Reply("waited 1\n"))
        #expect(try other.finish().summary == "waited 1\n||completed 0")
        #expect(try session.finish(input: Array("one\ntwo\n".utf8)).summary == "2\n||completed 0")
        #expect(try idle.receiveToEnd() == [])
        #expect(daemon.waitForLine { $0.contains("notice: stopped") } != nil)
        #expect(try daemon.ask("wait 0") == Reply("waited 0\n"), "by a worker of the new one")
        #expect(try upgradable.end(successor).status == .exited(0))
    }

    @Test("hands the lock on: a third daemon is told of the second")
    func lock() throws {
        let upgradable = try Upgradable()
        let successor = try upgradable.upgrade()
        defer { kill(successor, SIGKILL) }
        #expect(upgradable.daemon.waitForLine { $0.contains("notice: stopped") } != nil)
        let third = try upgradable.folder.runDaemon()
        #expect(third.status == .exited(69))
        #expect(third.errorText.contains("process \(successor), holds \(upgradable.folder.file("socket")).lock"))
        #expect(try upgradable.end(successor).status == .exited(0))
    }

    @Test(
        "to a program that does not come up changes nothing, and the log says why, also where its end is another's to collect",
        arguments: [false, true])
    func failing(hasManager: Bool) throws {
        let place = try TemporaryFolder()
        // Under one the new daemon is a child of this process, which collects none.
        let manager = try hasManager ? NoticeReceiver(at: place.file("notify")) : nil
        let upgradable = try Upgradable(environment: manager?.environment ?? [:])
        let (daemon, folder) = (upgradable.daemon, upgradable.folder)
        func expect(_ text: String, afterReplacingBy script: String) throws {
            try upgradable.replaceProgram(with: script)
            let before = daemon.log
            daemon.send(SIGUSR2)
            let failed = daemon.waitForLine { $0.contains("no upgrade: ") && !before.contains($0) }
            #expect(failed?.contains(text) == true, "\(failed ?? "no line")")
            #expect(try daemon.ask("echo hi") == Reply("hi\n"))
        }
        try expect("it ended with status 7; this one goes on", afterReplacingBy: "#!/bin/sh\nexit 7\n")
        try expect("it was ended by signal 9", afterReplacingBy: "#!/bin/sh\nkill -9 $$\n")
        try expect("this daemon goes on", afterReplacingBy: "not a program at all")
        unlink(upgradable.program)
        daemon.send(SIGUSR2)
        #expect(daemon.waitForLine { $0.contains("cannot start \(upgradable.program): No such file") } != nil)
        // A config that the new one does not like, though the program is good.
        try Upgradable.install(builtProgram("fastdaemond"), at: upgradable.program)
        let good = try String(contentsOfFile: folder.configuration, encoding: .utf8)
        try folder.write("{ nonsense")
        daemon.send(SIGUSR2)
        #expect(daemon.waitForLine { $0.contains("it ended with status 78; this one goes on") } != nil)
        #expect(try daemon.ask("echo hi") == Reply("hi\n"))
        // Its lock is still its own.
        #expect(
            try String(contentsOfFile: folder.file("socket.lock"), encoding: .utf8) == "\(daemon.process)\n")
        // And a later one succeeds.
        try folder.write(good)
        let successor = try upgradable.upgrade()
        defer { kill(successor, SIGKILL) }
        #expect(try isServed(daemon, by: successor))
        #expect(try upgradable.end(successor).status == .exited(0))
    }

    @Test("tells the service manager who the daemon is now, and passes its sockets on by their names")
    func activated() throws {
        let folder = try DaemonFolder()
        let manager = try NoticeReceiver(at: folder.file("notify"))
        let sockets = ActivatedSockets()
        try sockets.add("s", unix: folder.file("socket"))
        try folder.write(DaemonConfiguration(listen: [#"{ "systemd": "s" }"#]).text)
        let daemon = try sockets.handOver { launcher, variables in
            try RunningDaemon(
                startingIn: folder, launcher: launcher,
                environment: variables.merging(manager.environment) { $1 }.merging(["WATCHDOG_USEC": "400000"]) { $1 })
        }
        #expect(manager.next(with: "READY=1") != nil)
        daemon.send(SIGUSR2)
        let line = try #require(daemon.waitForLine { $0.contains("an upgrade begins") })
        let successor = try #require(line.split(separator: "=").last.flatMap { pid_t($0) })
        defer { kill(successor, SIGKILL) }
        #expect(manager.next(with: "MAINPID=\(successor)")?.contains("WATCHDOG=1\n") == true)
        // A manager waits for the end of nobody but its own children, and for this one before the first has ended, too.
        #expect(children(of: getpid()).contains(successor))
        #expect(daemon.waitForLine { $0.contains("notice: stopped") } != nil)
        // From the new one; the old one says nothing of its end.
        var notices: [String] = []
        for _ in 0..<3 { notices.append(try #require(manager.next())) }
        #expect(notices.allSatisfy { $0.hasPrefix("WATCHDOG=1\n") }, "\(notices)")
        #expect(try isServed(daemon, by: successor))
        kill(successor, SIGTERM)
        #expect(manager.next(with: "STOPPING=1") != nil)
        #expect(try daemon.wait().status == .exited(0))
        #expect(access(folder.file("socket"), F_OK) == 0)
    }

    @Test("drops a listener that the new config does not have, and opens those that are new")
    func otherListeners() throws {
        let upgradable = try Upgradable(
            DaemonConfiguration(listen: [#"{ "unix": "socket" }"#, #"{ "unix": "gone" }"#]))
        try upgradable.folder.write(
            DaemonConfiguration(listen: [#"{ "unix": "new" }"#, #"{ "unix": "socket", "mode": "0660" }"#]).text)
        let successor = try upgradable.upgrade()
        defer { kill(successor, SIGKILL) }
        #expect(upgradable.daemon.waitForLine { $0.contains("notice: stopped") } != nil)
        #expect(try upgradable.daemon.connect("new").ask("echo hi") == Reply("hi\n"))
        #expect(try upgradable.daemon.ask("echo hi") == Reply("hi\n"))
        #expect(access(upgradable.folder.file("gone"), F_OK) != 0)
        #expect(access(upgradable.folder.file("gone.lock"), F_OK) != 0)
        let mode = try FileManager.default.attributesOfItem(atPath: upgradable.folder.file("socket"))[.posixPermissions]
        #expect(mode as? Int == 0o660)
        #expect(try upgradable.end(successor).status == .exited(0))
    }

    @Test("that fails for another reason leaves a socket the mode that it had")
    func failingWithMode() throws {
        let upgradable = try Upgradable(DaemonConfiguration(listen: [#"{ "unix": "socket", "mode": "0600" }"#]))
        let (daemon, folder) = (upgradable.daemon, upgradable.folder)
        let listen = [
            #"{ "unix": "socket", "mode": "0666", "allowUsers": [0] }"#, #"{ "unix": "no/such/folder/socket" }"#,
        ]
        try folder.write(DaemonConfiguration(listen: listen).text)
        daemon.send(SIGUSR2)
        try daemon.waitForLog("no upgrade: the new daemon did not come up")
        let mode = try FileManager.default.attributesOfItem(atPath: folder.file("socket"))[.posixPermissions]
        #expect(mode as? Int == 0o600)
    }

    @Test("keeps its sockets as they are while it is under way: a reload waits for what becomes of it")
    func reload() throws {
        let upgradable = try Upgradable(
            DaemonConfiguration(listen: [#"{ "unix": "socket" }"#, #"{ "unix": "gone" }"#]))
        let (daemon, folder) = (upgradable.daemon, upgradable.folder)
        let successor = try upgradable.beginUpgradeToNothing()
        defer { kill(successor, SIGKILL) }
        try folder.write(DaemonConfiguration(listen: [#"{ "unix": "socket" }"#]).text)
        daemon.send(SIGHUP)
        try daemon.waitForLog("the reload waits for what becomes of it")
        #expect(try daemon.connect("gone").ask("echo hi") == Reply("hi\n"))
        kill(successor, SIGKILL)
        try daemon.waitForLog("notice: reloaded")
        // The lock and the mode are its own, as if it had never shared them.
        #expect(try String(contentsOfFile: folder.file("socket.lock"), encoding: .utf8) == "\(daemon.process)\n")
        let mode = try FileManager.default.attributesOfItem(atPath: folder.file("socket"))[.posixPermissions]
        #expect(mode as? Int == 0o600)
        #expect(access(folder.file("gone"), F_OK) != 0)
        #expect(try daemon.ask("echo hi") == Reply("hi\n"))
    }

    @Test("that is under way ends with the daemon that is told to stop")
    func stopped() throws {
        let upgradable = try Upgradable()
        let successor = try upgradable.beginUpgradeToNothing()
        defer { kill(successor, SIGKILL) }
        let watch = Stopwatch()
        #expect(try upgradable.daemon.stop().status == .exited(0))
        #expect(watch.seconds < 10)
        #expect(hasEnded(successor))
    }

    /// Waits until calls are answered by a process: for a moment both answer. Returns whether it came to that.
    private func isServed(_ daemon: RunningDaemon, by process: pid_t) throws -> Bool {
        let watch = Stopwatch()
        while watch.seconds < 10 {
            if try daemon.ask("daemon status").output.contains("process \(process)") { return true }
        }
        return false
    }

    /// Waits until a process is gone, or a corpse that nobody has collected yet. Returns whether it came to that.
    private func hasEnded(_ process: pid_t) -> Bool {
        let watch = Stopwatch()
        while watch.seconds < 10 {
            if !isAlive(process) { return true }
            usleep(10_000)
        }
        return false
    }
}
