import Foundation
import TestSupport
import Testing

@Suite("Sessions: output", .ownThread, .timeLimit(.minutes(3))) struct SessionOutputTests {
    /// What `flood` writes.
    private static func pattern(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0) } }

    @Test("Output and error come in the order in which they were written")
    func order() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let outcome = try daemon.run("weave", "3000")
        #expect(outcome.pieces.map { String(decoding: $0.bytes, as: UTF8.self) } == (0..<3000).map { "\($0)\n" })
        #expect(outcome.pieces.indices.allSatisfy { outcome.pieces[$0].stream == ($0 % 2 == 0 ? .output : .errors) })
        #expect(outcome.end.status == 0)
    }

    @Test("What was written arrives while the handler goes on", arguments: ["unix", "tcp"])
    func atOnce(kind: String) throws {
        let daemon = try RunningDaemon(
            forSessions: .init(listen: [#"{ "unix": "socket" }"#, #"{ "tcp": "127.0.0.1:0" }"#]))
        let gate = try Gate(of: daemon)
        let raw = try kind == "unix" ? daemon.connect() : RawPeer(tcp: daemon.port(of: "tcp"))
        let peer = RawSession(raw)
        try peer.send(RawRequest("deaf", gate.path))
        try peer.receiveHello()
        try peer.receive(text: "at the gate\n")
        try gate.open()
        #expect(try peer.finish().summary == "deaf is done\n||completed 0")
    }

    @Test(
        "No more is sent than there is credit for, be it given in the window or later, byte by byte",
        arguments: ["flood", "inline-flood"])
    func credit(command: String) throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let peer = try daemon.session(RawRequest(command, "1000").with(\.window, 10))
        #expect(try peer.receiveOutput(10).count == 10)
        #expect(try peer.isQuiet())
        try peer.send(.credit(1))
        #expect(try peer.receiveOutput(1).count == 1)
        #expect(try peer.isQuiet())
        try peer.send(.credit(3), .credit(4))
        #expect(try peer.receiveOutput(7).count == 7)
        #expect(try peer.isQuiet())
        // The last byte, and not one more credit than it takes.
        try peer.send(.credit(982))
        #expect(try peer.receiveOutput(982).count == 982)
        #expect(try peer.receiveEnd().status == 0)
    }

    @Test("What one thread writes at once is not torn by another's", arguments: [1000, 65_536, 262_144])
    func threads(window: UInt32) throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        for _ in 0..<10 {
            let outcome = try daemon.run(RawRequest("chorus", "400000").with(\.window, window))
            #expect(outcome.end.status == 0)
            #expect(outcome.output.count == 800_000)
            let first = [UInt8](repeating: outcome.output[0], count: 400_000)
            let second = [UInt8](repeating: outcome.output[400_000], count: 400_000)
            #expect(first != second && outcome.output == first + second)
        }
    }

    @Test("A client that takes no output gets the end of a command that writes none")
    func noWindow() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        #expect(try daemon.run(RawRequest("exit", "7").with(\.window, 0)).end.status == 7)
        let peer = try daemon.session(RawRequest("weave", "1").with(\.window, 0))
        #expect(try peer.isQuiet())
        try peer.send(.credit(2))
        #expect(try peer.finish().summary == "0\n||completed 0")
    }

    @Test("Output and error share the credit, and keep their order when it is short")
    func sharedCredit() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let peer = try daemon.session(RawRequest("weave", "200").with(\.window, 1))
        var text = ""
        while let frame = try peer.receiveFrame(), frame.type != Frame.endType {
            #expect(frame.payload.count == 1)
            text += String(decoding: frame.payload, as: UTF8.self)
            // The server has closed after the last one.
            try? peer.send(.credit(1))
        }
        #expect(text == (0..<200).map { "\($0)\n" }.joined())
    }

    @Test(
        "A client that gives no credit stops the handler: it, and the daemon, hold a bounded number of bytes",
        arguments: [0, 1000, 2_147_483_647])
    func bounded(window: UInt32) throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        _ = try daemon.run("flood", "1000000")
        let before = daemon.residentBytes
        // With the largest window it is the socket that is full.
        let peer = try daemon.session(RawRequest("flood", "\(1 << 40)").with(\.window, window))
        #expect(try peer.receiveOutput(Int(min(window, 1000))).count >= min(window, 1000))
        try daemon.waitForStatus("it runs") { $0["flood"]?.running == 1 }
        let watch = Stopwatch()
        while watch.seconds < 0.3 { #expect(daemon.residentBytes - before < 16 << 20) }
        #expect(try daemon.run("echo", "others").outputText == "others\n")
        peer.raw.hangUp()
        let line = try #require(daemon.waitForLine { $0.contains("flood stopped after") })
        let taken = try #require(line.split(separator: "after ").last.flatMap { Int($0.prefix { $0.isNumber }) })
        #expect(taken < 8 << 20, "the handler could write \(taken) bytes")
        try daemon.waitUntilIdle()
    }

    @Test("Any amount arrives whole, whatever the window", arguments: [1, 63, 64, 65_535, 65_536, 65_537, 1_000_000])
    func amounts(count: Int) throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        for window: UInt32 in [1 << 10, 65_536, 262_144, 2_147_483_647 - 1_000_000] {
            let outcome = try daemon.run(RawRequest("flood", "\(count)").with(\.window, window))
            #expect(outcome.output == Self.pattern(count))
            #expect(outcome.end.status == 0)
        }
    }

    @Test("More than a record's reply may be written", arguments: ["flood", "inline-flood"])
    func beyondReplyLimit(command: String) throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration(limits: ["replyBytes": 100_000]))
        let outcome = try daemon.run(command, "3000000")
        #expect(outcome.output.count == 3_000_000)
        #expect(outcome.end.status == 0)
    }

    @Test("A server reads while its own sending is held up", arguments: ["cat", "echo"])
    func bothWays(command: String) throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let peer = try daemon.session(RawRequest(command).with(\.window, 2_000_000_000))
        // Nothing is received until as much was sent as the server has asked for.
        var (sent, received) = (0, 0)
        let piece = [UInt8](repeating: 0x61, count: 65_536)
        while sent < 200 {
            while peer.owed > 0 {
                try peer.sendInput(piece)
                sent += 1
            }
            received += try peer.receiveOutputOrPull().count
        }
        let outcome = try peer.finish()
        #expect(received + outcome.output.count == sent * piece.count)
        #expect(outcome.end.status == 0)
    }
}
