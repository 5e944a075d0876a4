import Foundation
import TestSupport
import Testing

@Suite("Worker processes whose time is over", .ownThread, .timeLimit(.minutes(3))) struct WorkerTimeTests {
    private static let (timeout, grace) = (0.5, 0.5)

    @Test(
        "One that ignores SIGTERM is gone soon, with what it started, and its caller had the answer",
        arguments: ["stay", "parent"])
    func stubborn(command: String) throws {
        let daemon = try RunningDaemon(
            workers: ["crashing"], entry: #""timeoutSeconds": \#(Self.timeout)"#,
            DaemonConfiguration(limits: ["graceSeconds": Self.grace]))
        let watch = PauselessStopwatch()
        let peer = try daemon.session(RawRequest(command))
        let printed = try #require(Int32(String(decoding: try peer.receiveOutputOrPull(), as: UTF8.self).dropLast()))
        let worker = getpgid(printed)
        #expect(daemon.workerProcesses.contains(worker))
        let end = try peer.receiveEnd()
        #expect(end.verdict == .timedOut && end.status == 124)
        try daemon.wait(until: "it is gone") { !isAlive(worker) && !isAlive(printed) }
        #expect(watch.seconds < Self.timeout + Self.grace + 0.5)
        #expect(try daemon.ask("fine") == Reply("fine\n"))
        #expect(!daemon.log.contains { $0.contains("error: worker process") }, "that is no crash")
    }

    @Test("What its handler started is told to end as well, and has the time of grace to do so")
    func told() throws {
        let grace = 50.0
        let daemon = try RunningDaemon(
            workers: ["crashing"], entry: #""timeoutSeconds": \#(Self.timeout)"#,
            DaemonConfiguration(limits: ["graceSeconds": grace]))
        let (watch, file) = (Stopwatch(), daemon.folder.file("told"))
        let peer = try daemon.session(RawRequest("told", file))
        let child = try #require(Int32(String(decoding: try peer.receiveOutputOrPull(), as: UTF8.self).dropLast()))
        #expect(try peer.receiveEnd().verdict == .timedOut)
        try daemon.wait(until: "it is gone") { !isAlive(child) }
        #expect(watch.seconds < grace, "it was not killed")
        #expect(access(file, F_OK) == 0)
    }

    @Test("One that ends when it is told to is not killed, and its handler's end is its own")
    func obedient() throws {
        let daemon = try RunningDaemon(workers: ["session_events"], entry: #""timeoutSeconds": 0.3"#)
        let peer = try daemon.session(RawRequest("hold"))
        try peer.receive(text: "holding\n")
        #expect(try peer.finish().end.verdict == .timedOut)
        #expect(daemon.waitForLine { $0.contains("hold ends for reason 3") } != nil, "it was cancelled because of time")
    }
}
