import Foundation
import TestSupport
import Testing

@Suite("Calls in workers that run past their limit", .ownThread, .timeLimit(.minutes(3))) struct WorkerLimitTests {
    private static let timeout = 0.3
    private static let grace = 0.3

    private func daemon() throws -> RunningDaemon {
        try RunningDaemon(
            workers: ["overdue"], entry: #""workers": 1, "timeoutSeconds": \#(Self.timeout)"#,
            DaemonConfiguration(limits: ["graceSeconds": Self.grace]))
    }

    /// The process of the one worker.
    private func process(of daemon: RunningDaemon) throws -> Int32 {
        try #require(Int32(try daemon.ask("process").output.dropLast()))
    }

    @Test(
        "Their callers get 124 at that moment; their process ends, whether it wants to or not, and another serves",
        arguments: ["linger", "linger-later", "deaf"])
    func session(command: String) throws {
        let daemon = try daemon()
        let gate = try Gate(of: daemon)
        let worker = try process(of: daemon)
        let (watch, pauseless) = (Stopwatch(), PauselessStopwatch())
        let outcome = try daemon.run(command, gate.path)
        #expect(watch.seconds > 0.25 && pauseless.seconds < soon(after: Self.timeout), "\(watch.seconds) s")
        #expect(outcome.outputText == "lingering\n")
        #expect(outcome.end.verdict == .timedOut)
        #expect(outcome.end.status == 124)
        #expect(outcome.end.text == "\(command): it ran past its limit of 0.3 s (plugins[].timeoutSeconds)")
        try daemon.wait(until: "the worker has ended") { !isAlive(worker) }
        #expect(pauseless.seconds < Self.timeout + Self.grace + 0.5, "\(watch.seconds) s")
        try daemon.waitUntilIdle()
        #expect(try process(of: daemon) != worker)
    }

    @Test("A record gets an error, and its connection goes on")
    func record() throws {
        let daemon = try daemon()
        let gate = try Gate(of: daemon)
        let peer = try daemon.connect()
        try peer.send(recordBytes("linger \(gate.path)") + recordBytes("echo next"))
        #expect(
            try peer.receiveReply()
                == Reply("", errors: "fastdaemond: linger: it ran past its limit of 0.3 s (plugins[].timeoutSeconds)\n")
        )
        #expect(try peer.receiveReply() == Reply("next\n"))
        try daemon.waitForStatus("nothing runs") { $0["linger"]?.running == 0 }
        #expect(try peer.ask("left").errors == "")
    }

    @Test("Handlers that take too long are no crashes, however many do")
    func noCrash() throws {
        let daemon = try daemon()
        let gate = try Gate(of: daemon)
        for _ in 0..<7 { #expect(try daemon.run("linger", gate.path).end.status == 124) }
        try daemon.waitUntilIdle()
        #expect(try daemon.ask("left").errors == "")
    }

    @Test(
        "One that does not stop takes the calls beside it along, whose callers are told so, whatever their handlers say",
        arguments: ["heed", "linger"])
    func neighbours(command: String) throws {
        let daemon = try RunningDaemon(
            workers: ["overdue"], entry: #""workers": 1, "concurrency": 3"#,
            DaemonConfiguration(limits: ["graceSeconds": Self.grace]))
        let gate = try Gate(of: daemon)
        let line = "\(command) \(gate.path)"
        let (session, record) = (try daemon.session(RawRequest(command, gate.path)), try daemon.connect())
        try record.send(line)
        try daemon.waitForStatus("both run") { $0[command]?.running == 2 }
        let late = RawRequest("linger", gate.path).with(\.timeout, .timeout(milliseconds: 100))
        #expect(try daemon.run(late).end.status == 124)
        let (signal, status) = command == "heed" ? ("SIGTERM", 143) : ("SIGKILL", 137)
        let text = "overdue: \(command): its worker process was killed by \(signal)"
        let end = try session.skipToEnd()
        #expect(end.verdict == .crashed && Int(end.status) == status && end.text == text, "\(end)")
        #expect(try record.receiveReply().errors == "fastdaemond: \(text)\n")
        try daemon.waitUntilIdle(others: 1)
        #expect(!daemon.log.contains { $0.contains("error: worker process") }, "that is no crash")
    }

    @Test("One that stops when it is told to keeps its worker")
    func heeds() throws {
        let daemon = try daemon()
        let worker = try process(of: daemon)
        #expect(try daemon.run("heed").end.status == 124)
        #expect(try process(of: daemon) == worker)
    }
}
