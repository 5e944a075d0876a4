import Foundation
import TestSupport
import Testing

@Suite("Sessions: signals and time", .ownThread, .timeLimit(.minutes(3))) struct SessionSignalTests {
    @Test(
        "A signal cancels the call, which still says goodbye, with a status of its own",
        arguments: [1, 2, 3, 15] as [UInt8])
    func cancels(number: UInt8) throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let peer = try daemon.session(RawRequest("hold"))
        try peer.receive(text: "holding\n")
        try peer.send(.signal(number))
        #expect(try peer.finish().summary == "goodbye\n||completed \(128 + number)")
        #expect(daemon.waitForLine { $0.contains("hold ends for reason 2") } != nil)
        try daemon.waitUntilIdle()
    }

    @Test("The handlers that ship end with the signal's number", arguments: [(2, 130), (15, 143)] as [(UInt8, UInt8)])
    func shipped(number: UInt8, status: UInt8) throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let wait = try daemon.session(RawRequest("wait", "20"))
        try daemon.waitForStatus("wait runs") { $0["wait"]?.running == 1 }
        try wait.send(.signal(number))
        #expect(try wait.finish().summary == "||completed \(status)")
        for command in ["echo", "count"] {
            let peer = try daemon.session(RawRequest(command))
            try peer.waitForPull()
            try peer.send(.signal(number))
            #expect(try peer.receiveEnd().status == status, "\(command)")
        }
    }

    @Test("WINCH tells the handler of the new size, each time, and cancels nothing")
    func windowSize() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let peer = try daemon.session(RawRequest("size").with(\.terminals, .terminals(7, columns: 80, rows: 24)))
        try peer.receive(text: "80x24 after signal 0\n")
        for columns: UInt16 in [100, 101, 102] {
            try peer.send(.signal(28, columns: columns, rows: 50))
            try peer.receive(text: "\(columns)x50 after signal 28\n")
        }
        try peer.send(.signal(28, columns: 0, rows: 0))
        try peer.receive(text: "0x0 after signal 28\n")
        try peer.send(.signal(2))
        #expect(try peer.finish().summary == "||completed 130")
    }

    @Test("Any number of signals may come at once, before and while the handler looks")
    func manySignals() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let peer = try daemon.rawSession()
        let changes = (0..<20_000).flatMap { Frame.signal(28, columns: UInt16($0), rows: 1).bytes }
        try peer.raw.send(RawRequest("size").bytes + changes + Frame.signal(2).bytes)
        try peer.receiveHello()
        let outcome = try peer.finish()
        #expect(outcome.end.verdict == .completed)
        #expect(outcome.end.status == 130)
    }

    @Test("Signals of other numbers are ignored", arguments: [0, 9, 10, 17, 20, 64, 255] as [UInt8])
    func ignored(number: UInt8) throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let peer = try daemon.session(RawRequest("size"))
        try peer.receive(text: "0x0 after signal 0\n")
        try peer.send(.signal(number, columns: 3, rows: 4))
        #expect(try peer.isQuiet())
        try peer.send(.signal(15))
        #expect(try peer.finish().summary == "||completed 143")
    }

    @Test("A signal for a call that waits for its turn ends the wait")
    func whileWaiting() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration(limits: ["commandsPerPlugin": 1]))
        let gate = try Gate(of: daemon)
        let running = try daemon.session(RawRequest("deaf", gate.path))
        try running.receive(text: "at the gate\n")
        let waiting = try daemon.session(RawRequest("exit", "0"))
        try daemon.waitForStatus("one waits") { $0["exit"]?.waiting == 1 }
        try waiting.send(.signal(2))
        let end = try waiting.receiveEnd()
        #expect(end.verdict == .completed)
        #expect(end.status == 130)
        #expect(try daemon.status()["deaf"]?.running == 1)
        try gate.open()
        #expect(try running.finish().end.status == 0)
    }

    @Test("A handler that is cancelled can neither be kept waiting for input nor for a client that takes no output")
    func endsWaiting() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let reading = try daemon.session(RawRequest("cat"))
        try reading.waitForPull()
        try reading.send(.signal(15))
        #expect(try reading.receiveEnd().status == 1)
        #expect(daemon.waitForLine { $0.contains("cat stopped reading -2") } != nil)
        let writing = try daemon.session(RawRequest("flood", "100000000").with(\.window, 100))
        #expect(try writing.receiveOutput(100).count == 100)
        try writing.send(.signal(15))
        // What it had written before still arrives, as soon as there is credit for it.
        let outcome = try writing.finish()
        #expect(outcome.end.status == 1 && outcome.end.verdict == .completed, "\(outcome.end)")
        #expect(outcome.output.count < 8 << 20)
    }

    // MARK: - Time

    @Test("After the caller's time the call is cancelled and the verdict is that it took too long")
    func timeout() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let watch = Stopwatch()
        let peer = try daemon.session(RawRequest("hold").with(\.timeout, .timeout(milliseconds: 300)))
        try peer.receive(text: "holding\n")
        let outcome = try peer.finish()
        #expect((0.25...3).contains(watch.seconds), "\(watch.seconds) s")
        #expect(outcome.end.verdict == .timedOut)
        #expect(outcome.end.status == 124)
        #expect(["", "goodbye\n"].contains(outcome.outputText))
        #expect(daemon.waitForLine { $0.contains("hold ends for reason 3") } != nil)
        try daemon.waitUntilIdle()
    }

    @Test("Time that has passed ends a session whose command is done, and whose client takes no output")
    func timeoutAfterTheEnd() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let request = RawRequest("echo", String(repeating: "x", count: 100_000)).with(\.window, 3)
        let peer = try daemon.session(request.with(\.timeout, .timeout(milliseconds: 200)))
        #expect(try peer.receiveOutput(3).count == 3)
        #expect(try peer.receiveEnd().verdict == .timedOut)
    }

    @Test("A call that ends in time ends as always, and knows its deadline")
    func inTime() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let request = RawRequest("inspect").with(\.timeout, .timeout(milliseconds: 60_000))
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        let outcome = try daemon.run(request)
        #expect(outcome.end.verdict == .completed)
        let line = try #require(outcome.outputText.split(separator: "\n").first { $0.hasPrefix("deadline=") })
        let deadline = try #require(Double(line.dropFirst("deadline=".count))) / 1e9 - Double(now.tv_sec)
        #expect((58...63).contains(deadline), "\(deadline) s from now")
        let longest = RawRequest("exit", "1").with(\.timeout, .timeout(milliseconds: .max))
        #expect(try daemon.run(longest).end.status == 1)
    }

    @Test("Time passes for a call that waits for its turn, too, and it is never run")
    func timeoutWhileWaiting() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration(limits: ["commandsPerPlugin": 1]))
        let gate = try Gate(of: daemon)
        let running = try daemon.session(RawRequest("deaf", gate.path))
        try running.receive(text: "at the gate\n")
        let end = try daemon.run(RawRequest("exit", "0").with(\.timeout, .timeout(milliseconds: 200))).end
        #expect(end.verdict == .timedOut)
        #expect(end.status == 124)
        #expect(try daemon.status()["deaf"]?.running == 1)
        try gate.open()
        #expect(try running.finish().end.status == 0)
        #expect(try daemon.status()["exit"]?.totals.calls == 0)
    }

    @Test("A caller whose time has passed does not wait for a handler that does not heed it")
    func timeoutUnheeded() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let gate = try Gate(of: daemon)
        let peer = try daemon.session(RawRequest("deaf", gate.path).with(\.timeout, .timeout(milliseconds: 200)))
        let outcome = try peer.finish()
        #expect(outcome.end.verdict == .timedOut)
        try daemon.waitForStatus("it goes on") { $0["deaf"]?.cancelled == 1 && $0["deaf"]?.running == 1 }
        try gate.open()
        #expect(daemon.waitForLine { $0.contains("deaf was cancelled for reason 3") } != nil)
        try daemon.waitUntilIdle()
    }

    @Test(
        "Time that has passed ends a session whose client takes no output, or gives no input",
        arguments: ["flood", "cat"])
    func timeoutBlocked(command: String) throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let request = RawRequest(command, "1000000").with(\.timeout, .timeout(milliseconds: 200)).with(\.window, 10)
        let peer = try daemon.session(request)
        let end = try peer.skipToEnd()
        #expect(end.verdict == .timedOut)
        #expect(end.status == 124)
        try daemon.waitUntilIdle()
    }
}
