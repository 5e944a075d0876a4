import Foundation
import TestSupport
import Testing

@Suite("Calls that run past their plugin's limit", .ownThread, .timeLimit(.minutes(3))) struct TimeLimitTests {
    private static func overdue(_ command: String) -> Reply {
        Reply("", errors: "fastdaemond: \(command): it ran past its limit of 0.2 s (plugins[].timeoutSeconds)\n")
    }

    @Test("A record gets an error at that moment, and its connection goes on", arguments: ["linger", "linger-later"])
    func record(command: String) throws {
        let daemon = try RunningDaemon(withTimeout: 0.2)
        let gate = try Gate(of: daemon)
        let peer = try daemon.connect()
        let (watch, pauseless) = (Stopwatch(), PauselessStopwatch())
        try peer.send(recordBytes("\(command) \(gate.path) word", "input") + recordBytes("echo next"))
        #expect(try peer.receiveReply() == Self.overdue(command))
        #expect(watch.seconds >= 0.2 && pauseless.seconds < soon(after: 0.2), "\(watch.seconds) s")
        #expect(try peer.receiveReply() == Reply("next\n"))
        #expect(try peer.ask("wait 0") == Reply("waited 0\n"))
        peer.hangUp()
        // The connection is gone, and the call is not.
        try daemon.waitForStatus("it is overdue") {
            $0[command]?.overdue == 1 && $0[command]?.running == 1 && $0.connections == 1
        }
        try daemon.waitForLog("a call goes on past its limit command=\(command) ")
        try gate.open()
        try daemon.waitForLog("linger was cancelled for reason 3")
        // Its words and input are as they were; what it writes goes nowhere.
        try daemon.waitForLog("linger has the words word and the input input and writes -3")
        try daemon.waitForLog("an overdue call has ended")
        try daemon.waitUntilIdle()
        #expect(try daemon.status()[command]?.totals.failures == 1)
        #expect(try daemon.stop().status == .exited(0))
    }

    @Test("A datagram gets an error, too", arguments: ["linger", "linger-later"])
    func datagram(command: String) throws {
        let daemon = try RunningDaemon(
            withTimeout: 0.2,
            DaemonConfiguration(listen: [#"{ "unix": "socket" }"#, #"{ "unixDatagram": "datagrams" }"#]))
        let gate = try Gate(of: daemon)
        let peer = try RawPeer(unixDatagram: daemon.folder.file("datagrams"), own: daemon.folder.file("own"))
        let (watch, pauseless) = (Stopwatch(), PauselessStopwatch())
        try peer.send("\(command) \(gate.path)")
        #expect(try peer.receiveDatagram() == Self.overdue(command))
        #expect(watch.seconds >= 0.2 && pauseless.seconds < soon(after: 0.2), "\(watch.seconds) s")
        try peer.send("echo next")
        #expect(try peer.receiveDatagram() == Reply("next\n"))
        try gate.open()
        try daemon.waitUntilIdle()
    }

    @Test("A session ends with what was written before, and 124", arguments: ["linger", "linger-later"])
    func session(command: String) throws {
        let daemon = try RunningDaemon(withTimeout: 0.2)
        let gate = try Gate(of: daemon)
        let (watch, pauseless) = (Stopwatch(), PauselessStopwatch())
        let outcome = try daemon.run(command, gate.path)
        #expect(watch.seconds >= 0.2 && pauseless.seconds < soon(after: 0.2), "\(watch.seconds) s")
        #expect(outcome.outputText == "lingering\n")
        #expect(outcome.end.verdict == .timedOut)
        #expect(outcome.end.status == 124)
        #expect(outcome.end.text == "\(command): it ran past its limit of 0.2 s (plugins[].timeoutSeconds)")
        try daemon.waitForStatus("it is overdue") { $0[command]?.overdue == 1 && $0.connections == 1 }
        try gate.open()
        try daemon.waitForLog("writes -3")
        try daemon.waitUntilIdle()
    }

    @Test("A caller's own limit holds in the same way", arguments: ["linger", "linger-later"])
    func callersLimit(command: String) throws {
        let daemon = try RunningDaemon(withTimeout: nil)
        let gate = try Gate(of: daemon)
        let (watch, pauseless) = (Stopwatch(), PauselessStopwatch())
        let result = try run(
            builtProgram("fastdaemon_client"),
            ["--timeout", "0.2", daemon.folder.file("socket"), command, gate.path], seconds: 10)
        #expect(watch.seconds > 0.15 && pauseless.seconds < soon(after: 0.2), "\(watch.seconds) s")
        #expect(result.status == .exited(124))
        #expect(result.outputText == "lingering\n")
        #expect(result.errorText.contains("\(command): it ran past the caller's limit of 0.2 s"), "\(result.errorText)")
        try daemon.waitForStatus("it is overdue") { $0[command]?.overdue == 1 && $0.connections == 1 }
        try gate.open()
        try daemon.waitUntilIdle()
    }

    @Test("Each entry of a library has its own limit, so each command can")
    func ofOneCommand() throws {
        let folder = try DaemonFolder()
        try folder.build("overdue")
        let daemon = try RunningDaemon(
            DaemonConfiguration(plugins: [
                #"{ "library": "liboverdue.so", "name": "hasty", "timeoutSeconds": 0.2, "commands": { "heed": "heed" } }"#,
                #"{ "library": "liboverdue.so", "name": "patient", "commands": { "linger": "linger", "left": "left" } }"#,
            ]), in: folder)
        let gate = try Gate(of: daemon)
        let patient = try daemon.session(RawRequest("linger", gate.path))
        try patient.receive(text: "lingering\n")
        #expect(try daemon.ask("heed") == Self.overdue("heed"))
        #expect(try daemon.ask("left") == Reply("for ever\n"))
        #expect(try patient.isQuiet(for: 0.1))
        try gate.open()
        #expect(try patient.finish().summary == "too late\n||completed 0")
    }

    @Test("The earlier of the two limits holds")
    func earlier() throws {
        let daemon = try RunningDaemon(withTimeout: 0.3)
        let gates = try (1...2).map { try Gate("gate\($0)", of: daemon) }
        let patient = RawRequest("linger", gates[0].path).with(\.timeout, .timeout(milliseconds: 60_000))
        #expect(try daemon.run(patient).end.text.contains("its limit of 0.3 s"))
        let hasty = RawRequest("linger", gates[1].path).with(\.timeout, .timeout(milliseconds: 100))
        #expect(try daemon.run(hasty).end.text.contains("the caller's limit of 0.1 s"))
        for gate in gates { try gate.open() }
        try daemon.waitUntilIdle()
    }

    @Test("A handler that stops when it is told to is over, not overdue; its caller gets 124 all the same")
    func heeds() throws {
        let daemon = try RunningDaemon(withTimeout: 0.2)
        #expect(try daemon.ask("heed") == Self.overdue("heed"))
        #expect(try daemon.run("heed").end.status == 124)
        try daemon.waitUntilIdle()
    }

    @Test("The input of an inline command counts as its time")
    func gathering() throws {
        let daemon = try RunningDaemon(withTimeout: 0.2)
        let whole = try daemon.session(RawRequest("whole"))
        try whole.waitForPull()
        let pieces = try daemon.session(RawRequest("pieces"))
        for (peer, name) in [(whole, "whole"), (pieces, "pieces")] {
            let end = try peer.skipToEnd()
            #expect(end.verdict == .timedOut)
            #expect(end.text == "\(name): it ran past its limit of 0.2 s (plugins[].timeoutSeconds)")
        }
        try daemon.waitUntilIdle()
    }

    @Test("A handler knows how much time it has", arguments: ["left", "left-inline"])
    func facts(command: String) throws {
        let daemon = try RunningDaemon(withTimeout: 50)
        let milliseconds = 30_000...50_000
        func left(_ output: String) throws -> Int { try #require(Int(output.dropLast())) }
        #expect(milliseconds.contains(try left(daemon.ask(command).output)))
        #expect(milliseconds.contains(try left(daemon.run(command).outputText)))
        let hasty = RawRequest(command).with(\.timeout, .timeout(milliseconds: 20_000))
        #expect((5000...20_000).contains(try left(daemon.run(hasty).outputText)))
        #expect(try RunningDaemon(withTimeout: nil).ask(command) == Reply("for ever\n"))
    }
}
