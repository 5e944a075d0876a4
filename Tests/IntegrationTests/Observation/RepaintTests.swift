import Foundation
import TestSupport
import Testing

@Suite("--watch", .ownThread, .timeLimit(.minutes(3))) struct RepaintTests {
    private static let client = builtProgram("fastdaemon_client")

    @Test("repaints a terminal from its upper left corner, until Ctrl-C")
    func terminal() throws {
        let daemon = try RunningDaemon()
        let terminal = try Terminal(
            Self.client, [daemon.folder.file("socket"), "daemon", "status", "--watch=0.1"], rows: 10)
        try terminal.wait(for: "\u{1B}[Hfastdaemond ")
        _ = try daemon.ask("echo hi")
        // What it shows changes, and each time all of it is painted anew. The first of the tables is within ten rows.
        try terminal.wait(for: "\u{1B}[J\u{1B}[Hfastdaemond ")
        try terminal.wait(for: "calls, 0 failed")
        #expect(!terminal.shown.contains("ran p50"), "it is below the tenth row")
        try terminal.type("\u{3}")
        #expect(try terminal.wait() == .signalled(SIGINT))
        try daemon.waitForStatus("the call was cancelled") { $0["daemon"]?.totals.statuses == ["130": 1] }
    }

    @Test("writes one block after the other where there is no terminal, and ends with who reads them")
    func blocks() throws {
        let daemon = try RunningDaemon()
        let script = #"exec "$0" "$1" daemon plugins --watch=0.1 | head -n 14"#
        let result = try run("/bin/sh", ["-c", script, Self.client, daemon.folder.file("socket")])
        let blocks = result.outputText.components(separatedBy: "\n\ngeneration 1\n")
        #expect(blocks.count == 2, "\(result.outputText)")
        #expect(!result.outputText.contains("\u{1B}"))
        let watch = Stopwatch()
        let peer = try daemon.connect()
        while try daemon.figures(of: "daemon", peer).running > 0 {
            guard watch.seconds < 10 else { throw TestFailure("nobody reads, and yet it goes on") }
        }
    }

    @Test("does nothing in between, whatever its client sends")
    func idle() throws {
        let daemon = try RunningDaemon()
        let session = try daemon.session(RawRequest("daemon", "status", "--watch=60"))
        _ = try session.receiveOutputOrPull()
        for _ in 0..<10 { try session.send(.credit(1_000)) }
        let before = daemon.processorSeconds
        #expect(try daemon.ask("wait 1") == Reply("waited 1\n"))
        #expect(daemon.processorSeconds - before < 0.5)
        try session.send(.signal(2))
        #expect(try session.skipToEnd().status == 130)
    }

    @Test("ends with 124 where its caller's time is over")
    func timeout() throws {
        let daemon = try RunningDaemon()
        for words in [["status", "--watch"], ["tail"]] {
            let words = ["--timeout", "0.3", daemon.folder.file("socket"), "daemon"] + words
            #expect(try run(Self.client, words).status == .exited(124))
        }
    }

    @Test("is refused in a record, which has one answer")
    func record() throws {
        let daemon = try RunningDaemon()
        let reply = try daemon.ask("daemon status --watch")
        #expect(reply.output == "" && reply.errors.contains("--watch needs a session, and this is a record"))
        #expect(try daemon.ask("daemon tail").errors.contains("needs a session"))
        #expect(try daemon.ask("daemon status --watch=often").errors.contains("'often'"))
    }

    @Test("goes on with a client that was slow where it stands now")
    func slowReader() throws {
        let daemon = try RunningDaemon()
        let request = RawRequest("daemon", "status", "--json", "--watch=0.1").with(\.window, 100)
        let session = try daemon.session(request)
        _ = try session.receiveOutput(100)
        // Nothing comes without credit; the daemon goes on, and keeps nothing of what it did not write.
        #expect(try session.isQuiet(for: 0.5))
        #expect(try daemon.ask("echo on") == Reply("on\n"))
        session.raw.hangUp()
        try daemon.waitUntil(running: 0, of: "wait")
    }
}
