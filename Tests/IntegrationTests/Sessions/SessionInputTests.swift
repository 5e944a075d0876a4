import Foundation
import TestSupport
import Testing

@Suite("Sessions: standard input", .ownThread, .timeLimit(.minutes(3))) struct SessionInputTests {
    @Test(
        "No input is asked for by a command that does not read",
        arguments: ["weave 3", "exit 0", "echo hi", "exit-inline 0"])
    func neverRead(line: String) throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let words = line.split(separator: " ").map { Array($0.utf8) }
        let peer = try daemon.session(RawRequest(words: words))
        while let frame = try peer.receiveFrame() { #expect(frame.type != Frame.pullType, "\(line)") }
    }

    @Test("Input is asked for when the handler reads, and not before")
    func pulled() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let gate = try Gate(of: daemon)
        let peer = try daemon.session(RawRequest("head1", gate.path))
        try peer.receive(text: "at the gate\n")
        #expect(try peer.isQuiet())
        try gate.open()
        #expect(try peer.waitForPull() == 1)
        #expect(try peer.isQuiet())
        try peer.sendInput("first\n")
        try peer.receive(text: "first\n")
        // It read once; the rest is somebody else's.
        #expect(peer.owed == 0)
        #expect(try peer.receiveEnd().status == 0)
    }

    @Test("A command that ends while it is owed input ends the session", arguments: ["head1", "pieces"])
    func endsBeforeInput(command: String) throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let peer = try daemon.session(RawRequest(command))
        try peer.waitForPull()
        try peer.send(.signal(2))
        // Reading ends where the call is cancelled: `head1` then returns 1, `pieces` 130.
        let end = try peer.skipToEnd()
        #expect(end.verdict == .completed)
        #expect(end.status == (command == "head1" ? 1 : 130))
    }

    @Test("What a terminal's user types goes to the handler line by line, and comes back before the next one")
    func lineByLine() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        for command in ["cat", "echo", "pieces"] {
            let peer = try daemon.session(RawRequest(command))
            for line in ["one\n", "two\n", "three\n"] {
                try peer.sendInput(line)
                // It comes while the handler waits for more; `pieces` puts marks around it.
                var output = ""
                while !output.contains(line) { output += String(decoding: try peer.receiveOutput(1), as: UTF8.self) }
            }
            #expect(try peer.finish().end.status == 0, "\(command)")
        }
    }

    @Test("All bytes go through unchanged, in pieces of any size", arguments: ["cat", "echo", "pieces", "whole"])
    func binary(command: String) throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let bytes = (0..<40_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) } + Array(0...255)
        // What `pieces` and `whole` write around them.
        func marked(_ bytes: [UInt8]) -> [UInt8] { bytes.filter { ![0x5B, 0x5D, 0x2E].contains($0) } }
        for pieceSize in [1000, 4096, 65_536] {
            let outcome = try daemon.session(RawRequest(command)).finish(input: bytes, pieceSize: pieceSize)
            if ["cat", "echo"].contains(command) {
                #expect(outcome.output == bytes)
            } else {
                #expect(marked(outcome.output) == marked(bytes))
            }
            #expect(outcome.end.status == 0)
        }
        let byByte = try daemon.session(RawRequest(command)).finish(input: Array(0...255), pieceSize: 1)
        #expect(marked(byByte.output) == marked(Array(0...255)))
    }

    @Test("An end of input at once is an end of input", arguments: ["cat", "echo", "pieces", "whole", "count"])
    func empty(command: String) throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let outcome = try daemon.run(command)
        #expect(outcome.end.verdict == .completed)
        #expect(outcome.end.status == 0)
        #expect(outcome.outputText.trimmingCharacters(in: .init(charactersIn: " 0\n.")) == "")
    }

    @Test("Who reads when a handler wants all its input is called once, when it is there")
    func whole() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let peer = try daemon.session(RawRequest("whole"))
        for piece in ["a", "b", "c", ""] { try peer.sendInput(piece) }
        #expect(try peer.finish().outputText.filter { !"[]".contains($0) } == "abc")
    }

    @Test("A handler that stops reading stops the client after a bounded number of bytes, and goes on where it stopped")
    func bounded() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let gate = try Gate(of: daemon)
        let before = daemon.residentBytes
        let peer = try daemon.session(RawRequest("sip", gate.path))
        let piece = [UInt8](repeating: 0x7A, count: 65_536)
        for _ in 0..<8 { try peer.sendInput(piece) }
        try peer.receive(text: "at the gate\n")
        // As long as it is asked for more, it gives as much as one INPUT carries.
        var sent = 8
        while try peer.owed > 0 || !peer.isQuiet(for: 0.3) {
            try peer.sendInput(piece)
            sent += 1
        }
        #expect(sent <= 8 + 1024)
        #expect(daemon.residentBytes - before < 32 << 20, "\(sent) INPUTs were taken")
        try gate.open()
        var more = 20
        let end = try peer.converse {
            defer { more -= 1 }
            return more > 0 ? piece : []
        } take: { _, bytes in
            #expect(String(decoding: bytes, as: UTF8.self) == "\((sent + 20) * piece.count)\n")
        }
        #expect(end.status == 0)
    }

    @Test("Input that comes after its end was reached by nobody is no matter")
    func unread() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        for _ in 0..<20 {
            let peer = try daemon.session(RawRequest("head1"))
            #expect(try peer.waitForPull() == 1)
            try peer.sendInput("x")
            try? peer.send(.credit(5), .signal(28), .credit(7))
            try peer.receive(text: "x")
            #expect(try peer.finish().summary == "||completed 0")
        }
        try daemon.waitUntilIdle()
    }
}
