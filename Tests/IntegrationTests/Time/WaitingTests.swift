import Foundation
import TestSupport
import Testing

@Suite("Calls that wait for their turn", .ownThread, .timeLimit(.minutes(3))) struct WaitingTests {
    /// A daemon with one place for the commands of `overdue.c`, which is taken, and the gate that frees it.
    private func fullDaemon(waiting: Int = 8, _ listen: [String] = [#"{ "unix": "socket" }"#]) throws -> (
        RunningDaemon, Gate, RawSession
    ) {
        let daemon = try RunningDaemon(
            withTimeout: nil, concurrency: 1,
            DaemonConfiguration(listen: listen, limits: ["waitingPerPlugin": Double(waiting)]))
        let gate = try Gate(of: daemon)
        let holder = try daemon.session(RawRequest("linger", gate.path))
        try holder.receive(text: "lingering\n")
        return (daemon, gate, holder)
    }

    @Test("One that can no longer make its caller's deadline is not run")
    func deadline() throws {
        let (daemon, gate, holder) = try fullDaemon()
        let (watch, pauseless) = (Stopwatch(), PauselessStopwatch())
        let result = try run(
            builtProgram("fastdaemon_client"), ["--timeout", "0.2", daemon.folder.file("socket"), "left"], seconds: 10)
        #expect(watch.seconds > 0.15 && pauseless.seconds < soon(after: 0.2), "\(watch.seconds) s")
        #expect(result.status == .exited(124))
        #expect(
            result.errorText.contains("left: its turn did not come within the caller's limit of 0.2 s; it was not run"),
            "\(result.errorText)")
        try gate.open()
        #expect(try holder.finish().end.status == 0)
        try daemon.waitUntilIdle()
        #expect(try daemon.status()["left"]?.totals.calls == 0)
        #expect(try daemon.status()["left"]?.totals.refusals == 1)
    }

    @Test("Past the end of the line each is told at once how long it is: sessions, records and datagrams")
    func busy() throws {
        let (daemon, gate, holder) = try fullDaemon(
            waiting: 2, [#"{ "unix": "socket" }"#, #"{ "unixDatagram": "datagrams" }"#])
        let waiting = try (0..<2).map { _ in try daemon.session(RawRequest("left")) }
        try daemon.waitForStatus("two wait") { $0["left"]?.waiting == 2 }
        let text =
            "left: busy: 1 calls of its plugin run and 2 wait already (limits.commandsPerPlugin, limits.waitingPerPlugin); "
            + "try again later"
        let end = try daemon.run("left").end
        #expect(end.verdict == .busy)
        #expect(end.status == 75)
        #expect(end.text == text)
        #expect(try daemon.ask("left") == Reply("", errors: "fastdaemond: \(text)\n"))
        let datagrams = try RawPeer(unixDatagram: daemon.folder.file("datagrams"), own: daemon.folder.file("own"))
        try datagrams.send("left")
        #expect(try datagrams.receiveDatagram() == Reply("", errors: "fastdaemond: \(text)\n"))
        let result = try run(
            builtProgram("fastdaemon_client"), [daemon.folder.file("socket"), "left"], seconds: 10)
        #expect(result.status == .exited(75))
        #expect(result.errorText == "fastdaemon_client: \(text)\n")
        try gate.open()
        #expect(try holder.finish().end.status == 0)
        for peer in waiting { #expect(try peer.finish().outputText == "for ever\n") }
        try daemon.waitUntilIdle()
        #expect(try daemon.status()["left"]?.totals.refusals == 4)
    }

    @Test("Whose caller hangs up leaves the line at once, and the next one moves up")
    func hangUp() throws {
        let (daemon, gate, holder) = try fullDaemon(waiting: 3)
        let record = try daemon.connect()
        try record.send("left")
        try daemon.waitForStatus("one waits") { $0["left"]?.waiting == 1 }
        let session = try daemon.session(RawRequest("left"))
        try daemon.waitForStatus("two wait") { $0["left"]?.waiting == 2 }
        let staying = try daemon.session(RawRequest("left"))
        try daemon.waitForStatus("three wait") { $0["left"]?.waiting == 3 }
        #expect(try daemon.ask("left").errors.contains("busy: 1 calls of its plugin run and 3 wait already"))
        record.hangUp()
        try daemon.waitForStatus("the record's is gone") { $0["left"]?.waiting == 2 }
        session.raw.hangUp()
        try daemon.waitForStatus("the session's is gone") { $0["left"]?.waiting == 1 && $0.connections == 3 }
        // Their places are there for others.
        let later = try daemon.session(RawRequest("left"))
        try daemon.waitForStatus("two wait") { $0["left"]?.waiting == 2 }
        try gate.open()
        #expect(try holder.finish().end.status == 0)
        #expect(try staying.finish().outputText == "for ever\n")
        #expect(try later.finish().outputText == "for ever\n")
        try daemon.waitUntilIdle()
        // Those that hung up were not run.
        #expect(try daemon.status()["left"]?.totals.calls == 2)
    }
}
