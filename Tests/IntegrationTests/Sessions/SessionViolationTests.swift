import Foundation
import TestSupport
import Testing

@Suite("Sessions: violations", .ownThread, .timeLimit(.minutes(3))) struct SessionViolationTests {
    /// What breaks one rule of the page, and a word that the answer must have in it.
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let bytes: [UInt8]
        let word: String

        init(_ description: String, says word: String, _ frames: Frame...) {
            self.init(description, says: word, bytes: frames.flatMap(\.bytes))
        }

        init(_ description: String, says word: String, bytes: [UInt8]) {
            testDescription = description
            self.bytes = bytes
            self.word = word
        }
    }

    private static let hello = Frame.clientHello()
    private static let words = Frame.arguments("hold")
    private static let paths = ["tmp", "./tmp", "/tmp\0", "/" + String(repeating: "x", count: 4095)]

    static let hellos: [Case] = [
        Case("HELLO too short", says: "HELLO", Frame(0xFD, [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])),
        Case("HELLO empty", says: "HELLO", Frame(0xFD)),
        Case("HELLO too long", says: "HELLO", bytes: Frame.header(0xFD, 256)),
        Case("HELLO far too long", says: "HELLO", bytes: Frame.header(0xFD, 0xFF_FFFF)),
        Case("a second HELLO", says: "HELLO", hello, hello),
        Case("a window too large", says: "", .clientHello(window: 2_147_483_648)),
    ]

    static let requests: [Case] =
        [
            Case("RUN without ARGUMENTS", says: "ARGUMENTS", hello, .run),
            Case("no words", says: "ARGUMENTS", hello, Frame(0x01)),
            Case("words that do not end", says: "ARGUMENTS", hello, Frame(0x01, Array("echo".utf8)), .run),
            Case("an empty name", says: "name", hello, Frame(0x01, [0]), .run),
            Case("an empty name before a word", says: "name", hello, Frame(0x01, [0, 0x61, 0]), .run),
            Case("ARGUMENTS twice", says: "ARGUMENTS", hello, words, words),
            Case(
                "an environment that does not end", says: "ENVIRONMENT", hello, words,
                Frame(0x02, [0x41, 0x3D]), .run),
            Case("ENVIRONMENT twice", says: "ENVIRONMENT", hello, .environment(), .environment()),
            Case("no directory", says: "DIRECTORY", hello, words, .directory(""), .run),
            Case("DIRECTORY twice", says: "DIRECTORY", hello, .directory("/"), .directory("/")),
            Case("TERMINALS short", says: "TERMINALS", hello, Frame(0x04, [0, 0, 0, 0])),
            Case("TERMINALS long", says: "TERMINALS", hello, Frame(0x04, [0, 0, 0, 0, 0, 0])),
            Case(
                "TERMINALS twice", says: "TERMINALS", hello, .terminals(0, columns: 0, rows: 0),
                .terminals(0, columns: 0, rows: 0)),
            Case("TIMEOUT of 0", says: "TIMEOUT", hello, words, .timeout(milliseconds: 0), .run),
            Case("TIMEOUT short", says: "TIMEOUT", hello, Frame(0x05, [0, 0, 1])),
            Case("TIMEOUT twice", says: "TIMEOUT", hello, .timeout(milliseconds: 1), .timeout(milliseconds: 1)),
            Case("RUN with a payload", says: "RUN", hello, words, Frame(0x06, [0])),
            Case("INPUT before RUN", says: "INPUT", hello, words, .input("x")),
            Case("an end of input before RUN", says: "INPUT", hello, words, .input("")),
            Case("SIGNAL before RUN", says: "SIGNAL", hello, words, .signal(2)),
            Case("CREDIT before RUN", says: "CREDIT", hello, words, .credit(1)),
        ] + paths.map { Case("the directory \($0.prefix(10))", says: "DIRECTORY", hello, words, .directory($0), .run) }

    static let running: [Case] =
        [
            Case("a second HELLO", says: "HELLO", hello), Case("RUN twice", says: "RUN", .run),
            Case("ARGUMENTS after RUN", says: "ARGUMENTS", words),
            Case("ENVIRONMENT after RUN", says: "ENVIRONMENT", .environment()),
            Case("DIRECTORY after RUN", says: "DIRECTORY", .directory("/")),
            Case("TERMINALS after RUN", says: "TERMINALS", .terminals(0, columns: 0, rows: 0)),
            Case("TIMEOUT after RUN", says: "TIMEOUT", .timeout(milliseconds: 9)),
            Case("INPUT that nobody asked for", says: "INPUT", .input("x")),
            Case("an end of input that nobody asked for", says: "INPUT", .input("")),
            Case("INPUT too long", says: "INPUT", bytes: Frame.header(0x07, 65_537)),
            Case("SIGNAL short", says: "SIGNAL", Frame(0x08, [2])),
            Case("SIGNAL long", says: "SIGNAL", Frame(0x08, [2, 0, 0, 0, 0, 0])),
            Case("CREDIT of 0", says: "CREDIT", .credit(0)),
            Case("CREDIT short", says: "CREDIT", Frame(0x09, [1])),
            Case("too much CREDIT", says: "redit", .credit(2_147_483_647)),
            Case("too much CREDIT in one", says: "redit", .credit(4_294_967_295)),
            Case("too much CREDIT in two", says: "redit", .credit(2_000_000_000), .credit(147_400_000)),
            Case("a frame to skip that is too long", says: "", bytes: Frame.header(0x80, 65_537)),
        ] + [0x21, 0x22, 0x23, 0x24].map { Case("a server's frame \($0)", says: "", Frame($0, [0, 0, 0, 1])) }
        + [0x00, 0x0A, 0x10, 0x20, 0x25, 0x7F, 0xFE, 0xFF].map {
            Case("the type \($0)", says: "", Frame($0, []))
        }

    @discardableResult
    private func expectViolation(_ peer: RawSession, _ word: String) throws -> RawEnd {
        let end = try peer.receiveEnd()
        #expect(end.verdict == .violation)
        #expect(end.status == 76)
        #expect(word.isEmpty || end.text.contains(word), "\(end)")
        return end
    }

    @Test("In the request: the server says HELLO, and which rule was broken", arguments: hellos + requests)
    func inRequest(violation: Case) throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let peer = try daemon.rawSession()
        try peer.raw.send(violation.bytes)
        try peer.receiveHello()
        try expectViolation(peer, violation.word)
    }

    @Test("While a command runs: it is cancelled as by a hang-up, and the others go on", arguments: running)
    func whileRunning(violation: Case) throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let other = try daemon.session(RawRequest("cat"))
        try other.waitForPull()
        let record = try daemon.connect()
        let peer = try daemon.session(RawRequest("hold"))
        try peer.receive(text: "holding\n")
        try peer.raw.send(violation.bytes)
        let call = try expectViolation(peer, violation.word).call
        #expect(daemon.waitForLine { $0.contains("hold ends for reason 1") && $0.contains("call=\(call)") } != nil)
        try other.sendInput("on\n")
        try other.receive(text: "on\n")
        #expect(try other.finish().end.status == 0)
        #expect(try record.ask("echo on") == Reply("on\n"))
    }

    @Test("INPUT after its end, and one more than was asked for")
    func input() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let gate = try Gate("sip", of: daemon)
        let ended = try daemon.session(RawRequest("sip", gate.path))
        try ended.sendInput("")
        try ended.receive(text: "at the gate\n")
        try ended.send(.input("more"))
        try expectViolation(ended, "INPUT")
        try gate.open()
        // Another gate: the first handler may still stand in its own.
        let next = try Gate("head", of: daemon)
        let surplus = try daemon.session(RawRequest("head1", next.path))
        try surplus.receive(text: "at the gate\n")
        try next.open()
        // One read is all that it takes: it may be done before the one too many comes.
        for _ in 0...(try surplus.waitForPull()) { try? surplus.send(.input("x")) }
        let end = try surplus.skipToEnd()
        #expect(end.verdict == .violation || end.status == 0)
    }

    @Test("Output that there is no credit for does not hold the answer up", arguments: ["flood", "inline-flood"])
    func withoutCredit(command: String) throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let peer = try daemon.session(RawRequest(command, "1000000").with(\.window, 3))
        #expect(try peer.receiveOutput(3).count == 3)
        try peer.send(.run)
        try expectViolation(peer, "RUN")
    }

    @Test("A command that has ended, and whose output is not taken, does not hold the answer up either")
    func afterTheEnd() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let peer = try daemon.session(RawRequest("echo", String(repeating: "x", count: 100_000)).with(\.window, 3))
        #expect(try peer.receiveOutput(3).count == 3)
        try peer.send(.run)
        try expectViolation(peer, "RUN")
    }

    @Test("A daemon goes on after hundreds of broken sessions, and has lost nothing")
    func nothingLost() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        var (descriptors, resident) = (0, 0)
        for round in 0..<4 {
            for violation in Self.hellos + Self.requests {
                let peer = try daemon.rawSession()
                try peer.raw.send(violation.bytes)
                _ = try peer.raw.receiveToEnd()
            }
            try daemon.waitUntilIdle()
            if round == 0 { (descriptors, resident) = (daemon.descriptorCount, daemon.residentBytes) }
            #expect(daemon.waitForDescriptors(atMost: descriptors))
        }
        #expect(daemon.residentBytes - resident < 4 << 20)
    }
}
