import Foundation
import TestSupport
import Testing

@Suite("Sessions: limits and stopping", .ownThread, .timeLimit(.minutes(3))) struct SessionLimitTests {
    @Test("When as many wait as may wait, the next one is told that the daemon is busy")
    func busy() throws {
        let daemon = try RunningDaemon(forSessions: .init(limits: ["commandsPerPlugin": 1, "waitingPerPlugin": 1]))
        let gate = try Gate(of: daemon)
        let running = try daemon.session(RawRequest("deaf", gate.path))
        try running.receive(text: "at the gate\n")
        let waiting = try daemon.session(RawRequest("exit", "3"))
        try daemon.waitForStatus("one waits") { $0["exit"]?.waiting == 1 }
        for _ in 0..<3 {
            let refused = try daemon.run("exit", "4").end
            #expect(refused.verdict == .busy)
            #expect(refused.status == 75)
        }
        #expect(try daemon.run("echo", "others").outputText == "others\n")
        try gate.open()
        #expect(try running.finish().end.status == 0)
        #expect(try waiting.receiveEnd().status == 3)
        try daemon.waitUntilIdle()
    }

    @Test("A connection over the limit gets its answer as a session, and there is room again when another ends")
    func connections() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration(limits: ["connections": 2]))
        let first = try daemon.session(RawRequest("cat"))
        let second = try daemon.session(RawRequest("cat"))
        try first.waitForPull()
        try second.waitForPull()
        for _ in 0..<10 {
            let end = try daemon.run("exit", "0").end
            #expect(end.verdict == .busy)
            #expect(end.status == 75)
            #expect(end.text.contains("limits.connections"), "\(end)")
        }
        // One who speaks records is told so in a record.
        #expect(try daemon.ask("echo hi").errors.contains("limits.connections"))
        try first.sendInput("")
        #expect(try first.receiveEnd().status == 0)
        let watch = Stopwatch()
        while try daemon.run("exit", "0").end.verdict == .busy {
            guard watch.seconds < 5 else { throw TestFailure("a connection that ended still counts") }
        }
        try second.sendInput("")
        #expect(try second.receiveEnd().status == 0)
    }

    @Test("A request that is not whole in time ends its session", arguments: [0, 1, 4, 16, 24])
    func slowRequest(count: Int) throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration(limits: ["firstRecordSeconds": 0.3]))
        let peer = try daemon.rawSession()
        let watch = Stopwatch()
        try peer.raw.send(Array(RawRequest("exit", "0").bytes.prefix(max(count, 1))))
        if count == 0 {
            // A byte at a time does not help: one deadline is for the whole request.
            for byte in RawRequest("exit", "0").bytes.dropFirst() where try peer.isQuiet(for: 0.05) {
                try peer.raw.send([byte])
            }
        }
        try peer.receiveHello()
        let end = try peer.receiveEnd()
        #expect((0.2...3).contains(watch.seconds), "\(watch.seconds) s")
        #expect(end.verdict == .violation)
        #expect(end.status == 76)
        #expect(end.text.contains("0.3 s"), "\(end)")
    }

    @Test("A session that runs is not held to the limits on time of records")
    func patient() throws {
        let daemon = try RunningDaemon(
            forSessions: .init(limits: ["firstRecordSeconds": 0.2, "recordSeconds": 0.2, "idleSeconds": 0.2]))
        let quiet = try daemon.session(RawRequest("cat"))
        try quiet.waitForPull()
        #expect(try daemon.run("wait", "0.5").summary == "waited 0.5\n||completed 0")
        #expect(try quiet.isQuiet(for: 0.5))
        try quiet.sendInput("still\n")
        try quiet.receive(text: "still\n")
        #expect(try quiet.finish().end.status == 0)
    }

    @Test(
        "A command that waits too long for its caller is given up, and one that works is not",
        arguments: ["cat", "pieces", "whole", "flood", "inline-flood"])
    func sessionIdle(command: String) throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration(limits: ["sessionIdleSeconds": 0.4]))
        let watch = Stopwatch()
        let peer = try daemon.session(RawRequest(command, "1000000").with(\.window, 10))
        let end = try peer.skipToEnd()
        #expect((0.3...3).contains(watch.seconds), "\(watch.seconds) s")
        #expect(end.verdict == .timedOut)
        #expect(end.status == 124)
        try daemon.waitUntilIdle()
    }

    @Test("A command that works does not wait for its caller, whatever that one has not sent or not taken")
    func sessionBusy() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration(limits: ["sessionIdleSeconds": 1]))
        #expect(try daemon.run("wait", "1.5").summary == "waited 1.5\n||completed 0")
        let noCredit = try daemon.session(RawRequest("wait", "1.5").with(\.window, 0))
        #expect(try noCredit.isQuiet(for: 1.2))
        try noCredit.send(.credit(100))
        #expect(try noCredit.finish().summary == "waited 1.5\n||completed 0")
    }

    @Test("How long a command waits for its caller is counted from when it begins to wait")
    func sessionIdleAfterWork() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration(limits: ["sessionIdleSeconds": 2]))
        let gate = try Gate(of: daemon)
        let peer = try daemon.session(RawRequest("sip", gate.path))
        // It reads all the time, so more is asked for than it needs before it comes to the gate.
        for _ in 0..<8 { try peer.sendInput(.init(repeating: 1, count: 65_536)) }
        try peer.receive(text: "at the gate\n")
        while try !peer.isQuiet(for: 3) { #expect(try peer.receiveOutputOrPull() == []) }
        try gate.open()
        _ = try peer.isQuiet(for: 1.2)
        #expect(try peer.finish().summary == "524288\n||completed 0")
    }

    @Test("A caller that gives input, or takes output, now and then is not given up")
    func sessionNotIdle() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration(limits: ["sessionIdleSeconds": 2]))
        let reading = try daemon.session(RawRequest("cat"))
        let writing = try daemon.session(RawRequest("flood", "5").with(\.window, 0))
        for byte: UInt8 in 0..<5 {
            #expect(try reading.isQuiet(for: 0.3) || reading.waitForPull() == 1)
            #expect(try writing.isQuiet(for: 0.3))
            try reading.sendInput([byte])
            #expect(try reading.receiveOutput(1) == [byte])
            try writing.send(.credit(1))
            #expect(try writing.receiveOutput(1) == [byte])
        }
        #expect(try writing.receiveEnd().status == 0)
        #expect(try reading.finish().end.status == 0)
    }

    @Test(
        "A user who may not use the socket is told so in a session's way",
        .enabled(
            if: geteuid() == 0 && isInstalled("setpriv") && isInstalled("socat"),
            "only root can become other users, with setpriv; the other user's client is socat"))
    func allowUsers() throws {
        let folder = try DaemonFolder()
        chmod(folder.path, 0o755)
        let daemon = try RunningDaemon(
            DaemonConfiguration(listen: [
                #"{ "unix": "socket" }"#, #"{ "unix": "shared", "allowUsers": [ "nobody" ] }"#,
            ]), in: folder)
        func ask(_ user: String) throws -> [UInt8] {
            let words = ["--reuid", user, "--regid", "65534", "--clear-groups", "socat", "-t", "0.1", "-,ignoreeof"]
            return try run(
                "/usr/bin/env", ["setpriv"] + words + ["UNIX-CONNECT:\(folder.file("shared"))"],
                input: .bytes(RawRequest("echo", "hi").bytes), seconds: 20
            ).output
        }
        let hello: [UInt8] = [0xFD, 0, 0, 12, 1] + [UInt8](repeating: 0, count: 11)
        #expect(try ask("65534").starts(with: hello + [0x21, 0, 0, 3, 0x68, 0x69, 10, 0x24]))
        let answer = try ask("12345")
        #expect(answer.starts(with: hello + [0x24]))
        #expect(answer.dropFirst(20).prefix(2) == [9, 77])
        #expect(String(decoding: answer.dropFirst(30), as: UTF8.self).contains("user 12345 may not use this socket"))
        #expect(try daemon.stop().status == .exited(0))
    }

    // MARK: - Stopping

    @Test("A daemon that is told to stop lets sessions finish, with their input and output")
    func drains() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let running = try daemon.session(RawRequest("cat"))
        try running.waitForPull()
        let begun = try daemon.rawSession()
        try begun.send(.clientHello(), .arguments("exit", "0"))
        try begun.receiveHello()
        daemon.send(SIGTERM)
        #expect(daemon.waitForLine { $0.contains("stopping: no new connections") } != nil)
        // One that had not said all is refused.
        let refused = try begun.receiveEnd()
        #expect(refused.verdict == .shuttingDown)
        #expect(refused.status == 75)
        #expect(throws: RawPeer.Failure.self) { try daemon.connect() }
        try running.sendInput("last words\n")
        try running.receive(text: "last words\n")
        #expect(try running.finish().summary == "||completed 0")
        #expect(try daemon.wait().status == .exited(0))
    }

    @Test("A session that has hardly begun when the daemon stops is told so, too", arguments: [1, 4, 16, 30])
    func stopsEarly(count: Int) throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let other = try daemon.session(RawRequest("cat"))
        try other.waitForPull()
        let peer = try daemon.rawSession()
        try peer.raw.send(Array(RawRequest("exit", "0").with(\.directory, "/").bytes.prefix(count)))
        try daemon.waitForStatus("it is in") { $0.connections == 3 }
        daemon.send(SIGTERM)
        try peer.receiveHello()
        #expect(try peer.receiveEnd().verdict == .shuttingDown)
        #expect(try other.finish().end.status == 0)
        #expect(try daemon.wait().status == .exited(0))
    }

    @Test("Over the drain limit a session is told so that waits for its client", arguments: ["whole", "echo"])
    func drainLimitWaiting(command: String) throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration(limits: ["drainSeconds": 0.3]))
        // One gathers its input, the other has ended, and its output is not taken.
        let words =
            command == "whole" ? RawRequest("whole") : RawRequest("echo", String(repeating: "x", count: 100_000))
        let peer = try daemon.session(words.with(\.window, 3))
        if command == "whole" { try peer.waitForPull() } else { #expect(try peer.receiveOutput(3).count == 3) }
        daemon.send(SIGTERM)
        #expect(try peer.receiveEnd().verdict == .shuttingDown)
        #expect(try daemon.wait().status == .exited(1))
    }

    @Test("Over the drain limit a session is told so whose call was cancelled before, and goes on")
    func drainLimitAfterSignal() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration(limits: ["drainSeconds": 0.3]))
        let gate = try Gate(of: daemon)
        let peer = try daemon.session(RawRequest("deaf", gate.path))
        try peer.receive(text: "at the gate\n")
        try peer.send(.signal(2))
        try daemon.waitForStatus("it is cancelled") { $0["deaf"]?.cancelled == 1 }
        daemon.send(SIGTERM)
        #expect(try peer.receiveEnd().verdict == .shuttingDown)
        #expect(try daemon.wait().status == .exited(1))
    }

    @Test(
        "Over the drain limit sessions are cancelled and told so, whether they heed it or not",
        arguments: ["hold", "deaf"])
    func drainLimit(command: String) throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration(limits: ["drainSeconds": 0.3]))
        let gate = try Gate(of: daemon)
        let peer = try daemon.session(RawRequest(command, gate.path))
        try peer.receive(text: command == "hold" ? "holding\n" : "at the gate\n")
        let watch = Stopwatch()
        daemon.send(SIGTERM)
        let outcome = try peer.finish()
        #expect(outcome.end.verdict == .shuttingDown, "\(outcome.end)")
        #expect(outcome.end.status == 75)
        if command == "hold" { #expect(outcome.outputText == "goodbye\n") }
        let result = try daemon.wait()
        #expect(result.status == .exited(1))
        #expect((0.25...4).contains(watch.seconds), "\(watch.seconds) s")
        if command == "hold" { #expect(result.errorText.contains("hold ends for reason 4")) }
    }
}
