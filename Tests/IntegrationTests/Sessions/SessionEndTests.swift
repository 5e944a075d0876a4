import Foundation
import TestSupport
import Testing

@Suite("Sessions: how they end", .ownThread, .timeLimit(.minutes(3))) struct SessionEndTests {
    @Test("Every status arrives, of a handler on the pool and of one on the loop", arguments: ["exit", "exit-inline"])
    func everyStatus(command: String) throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        var calls: Set<UInt64> = []
        for status in UInt8.min...UInt8.max {
            let end = try daemon.run(command, "\(status)").end
            #expect(end.verdict == .completed)
            #expect(end.status == status)
            calls.insert(end.call)
        }
        #expect(calls.count == 256, "a number of a call was used twice")
        #expect(!calls.contains(0))
    }

    @Test("What is no status counts as 255", arguments: ["256", "-1", "100000"])
    func noStatus(word: String) throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        for command in ["exit", "exit-inline"] {
            let end = try daemon.run(command, word).end
            #expect(end.verdict == .completed)
            #expect(end.status == 255)
        }
    }

    @Test("The call's number is the one that the handler and the log know")
    func callNumber() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let outcome = try daemon.run("inspect")
        #expect(outcome.outputText.contains("id=\(outcome.end.call)\n"))
        let cancelled = try daemon.session(RawRequest("hold"))
        try cancelled.receive(text: "holding\n")
        try cancelled.send(.signal(15))
        let call = try cancelled.finish().end.call
        #expect(daemon.waitForLine { $0.contains("hold ends for reason") && $0.contains("\(call)") } != nil)
    }

    @Test("A command that does not exist ends with 127, and near names are offered")
    func noCommand() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let near = try daemon.run("ecko", "hi")
        #expect(near.output + near.errors == [])
        #expect(near.end.verdict == .noCommand)
        #expect(near.end.status == 127)
        // The log has a line of it, too.
        #expect(near.end.call > 0)
        #expect(near.end.text.contains("there is no command 'ecko'; did you mean 'echo'?"))
        let far = try daemon.run("zzzzzz").end
        #expect(far.verdict == .noCommand)
        #expect(!far.text.contains("did you mean"))
        // A name is bytes: what cannot be shown is escaped, and the text stays one line.
        for name: [UInt8] in [[0xFF, 0xFE], [0x1B, 0x5B, 0x32, 0x4A], [10], Array(repeating: 0x61, count: 70_000)] {
            let odd = try daemon.run(RawRequest(words: [name])).end
            #expect(odd.verdict == .noCommand)
            #expect(!odd.text.unicodeScalars.contains { $0.value < 32 || $0.value == 127 }, "\(odd)")
        }
        // One's own 127 is another thing.
        #expect(try daemon.run("exit", "127").summary == "||completed 127")
    }

    @Test("help and daemon are commands of a session like others")
    func builtIn() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let help = try daemon.run("help")
        #expect(help.end.verdict == .completed)
        #expect(help.end.status == 0)
        #expect(help.outputText.contains("prints its words, or copies its input\n"))
        #expect(try Array(daemon.ask("help").output.utf8) == help.output)
        #expect(try daemon.run("daemon", "status", "--json").outputText.contains("\"connections\" : "))
        let wrong = try daemon.run("daemon", "stauts")
        #expect(wrong.errorText.contains("did you mean 'status'?"))
        #expect(wrong.end.status != 0)
    }

    @Test(
        "A command that would work in a directory that cannot be entered is refused",
        arguments: ["/nowhere/at/all", "/etc/passwd"])
    func noDirectory(path: String) throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let refused = try daemon.run(RawRequest("show", "Package.swift").with(\.directory, path))
        #expect(refused.output == [])
        #expect(refused.end.verdict == .refused)
        #expect(refused.end.status == 77)
        #expect(refused.end.text.contains(path))
        // What has no use for it runs; what finds out later that it has is not run elsewhere, though a file of that name is
        // where the daemon was started.
        #expect(try daemon.run(RawRequest("exit-inline", "5").with(\.directory, path)).summary == "||completed 5")
        for (command, status) in [("pool", 2), ("openat", 1)] {
            let outcome = try daemon.run(RawRequest(command, "Package.swift").with(\.directory, path))
            #expect(outcome.summary == "||completed \(status)")
        }
        try daemon.waitUntilIdle()
    }

    @Test("A request that is too large is told so as soon as its lengths say so")
    func tooLarge() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration(limits: ["recordBytes": 1000]))
        #expect(try daemon.run("exit", String(repeating: "x", count: 900)).end.verdict == .completed)
        let whole = try daemon.run("exit", String(repeating: "x", count: 1000)).end
        #expect(whole.verdict == .tooLarge)
        #expect(whole.status == 64)
        #expect(whole.text.contains("1000"))
        // Together they are too long; of the last one nothing but the header comes.
        let headers = try daemon.rawSession()
        try headers.send(.clientHello(), .arguments("exit", String(repeating: "x", count: 600)))
        try headers.raw.send(Frame.header(0x02, 600))
        try headers.receiveHello()
        #expect(try headers.receiveEnd().verdict == .tooLarge)
        let largest = try daemon.rawSession()
        try largest.send(.clientHello())
        try largest.raw.send(Frame.header(0x01, 0xFF_FFFF))
        try largest.receiveHello()
        #expect(try largest.receiveEnd().verdict == .tooLarge)
        #expect(try daemon.run("exit", "3").end.status == 3)
    }

    @Test("Input that has to be there as a whole is refused when it is longer than the limit, and not before")
    func inputTooLarge() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration(limits: ["recordBytes": 100_000]))
        let fits = [UInt8](repeating: 0x78, count: 99_000)
        // `whole` puts brackets around each piece.
        #expect(try daemon.run(RawRequest("whole"), input: fits).output.filter { $0 == 0x78 } == fits)
        let end = try daemon.run(RawRequest("whole"), input: .init(repeating: 0x78, count: 100_001)).end
        #expect(end.verdict == .tooLarge)
        #expect(end.status == 64)
        // Who reads as it comes has no such limit.
        let long = [UInt8](repeating: 0x79, count: 300_000)
        #expect(try daemon.run(RawRequest("cat"), input: long).output == long)
        #expect(try daemon.run(RawRequest("echo"), input: long).output == long)
    }

    @Test("A handler may end later, from whichever thread", arguments: ["later", "later-at-once", "later-pool"])
    func later(command: String) throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        for status in ["0", "7", "255"] {
            #expect(try daemon.run(command, status).summary == "later\n||completed \(status)")
        }
        try daemon.waitUntilIdle()
    }

    @Test("Sessions count in the daemon's status, and have their line in its log")
    func counted() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration(level: "info"))
        let end = try daemon.run(RawRequest("cat"), input: .init(repeating: 1, count: 100_000)).end
        _ = try daemon.run("exit", "9")
        try daemon.waitUntilIdle()
        let status = try daemon.status()
        #expect(status["cat"]?.totals.calls == 1 && status["cat"]?.totals.failures == 0)
        #expect(status["cat"]?.totals.bytesIn == 100_000 && status["cat"]?.totals.bytesOut == 100_000)
        #expect(status["exit"]?.totals.calls == 1 && status["exit"]?.totals.failures == 1)
        let line = try #require(daemon.waitForLine { $0.contains(" info: call ") && $0.contains("command=cat") })
        for part in ["call=\(end.call)", "status=0", "bytes_in=100000", "bytes_out=100000", "pid \(getpid())"] {
            #expect(line.contains(part), "\(part) is not in \(line)")
        }
        #expect(daemon.waitForLine { $0.contains("command=exit") && $0.contains("status=9") } != nil)
    }

    @Test("A record and a session reach the same handler, which does the same for both")
    func sameHandler() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let input = "one\ntwo é\n"
        for line in [
            "echo a b", "echo", "cat", "count", "weave 20", "whole", "head1", "words x", "wait 0", "wait never",
        ] {
            let reply = try daemon.ask(line, input: input)
            let words = line.split(separator: " ").map { Array($0.utf8) }
            let outcome = try daemon.run(RawRequest(words: words), input: Array(input.utf8))
            #expect(outcome.outputText == reply.output, "\(line)")
            #expect(outcome.errorText == reply.errors, "\(line)")
            #expect(outcome.end.verdict == .completed, "\(line)")
        }
    }
}
