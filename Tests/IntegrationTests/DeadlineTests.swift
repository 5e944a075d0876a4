import Foundation
import TestSupport
import Testing

@Suite("Peers that take their time", .ownThread, .timeLimit(.minutes(3))) struct DeadlineTests {
    @Test("A peer that sends a byte at a time is cut off by one deadline for the whole record")
    func trickle() throws {
        let daemon = try RunningDaemon(DaemonConfiguration(limits: ["recordSeconds": 0.4]))
        let peer = try daemon.connect()
        #expect(try peer.ask("echo first") == Reply("first\n"))
        let bytes = recordBytes("echo " + String(repeating: "x", count: 200))
        let watch = Stopwatch()
        // Each byte is followed by a wait that the daemon's answer ends.
        for byte in bytes where try !peer.hasSomethingToRead(within: 0.05) { try peer.send([byte]) }
        let duration = watch.seconds
        let reply = try peer.receiveReply()
        #expect(reply.errors.contains("a whole record did not come within 0.4 s (limits.recordSeconds)"), "\(reply)")
        #expect(try peer.receiveToEnd() == [])
        #expect((0.35...3).contains(duration), "\(duration) s")
    }

    @Test("The first record has a deadline of its own, also for a peer that says nothing at all")
    func first() throws {
        let daemon = try RunningDaemon(DaemonConfiguration(limits: ["firstRecordSeconds": 0.3, "recordSeconds": 20]))
        let silent = try daemon.connect()
        let begun = try daemon.connect()
        try begun.send([0, 0])
        let watch = Stopwatch()
        #expect(try silent.receiveToEnd() == [])
        #expect(try begun.receiveReply().errors.contains("within 0.3 s"))
        #expect(try begun.receiveToEnd() == [])
        let duration = watch.seconds
        #expect((0.2...3).contains(duration), "\(duration) s")
    }

    @Test("An idle connection is closed, without a word, after idleSeconds and not before")
    func idle() throws {
        let daemon = try RunningDaemon(DaemonConfiguration(limits: ["idleSeconds": 0.4]))
        let peer = try daemon.connect()
        #expect(try peer.ask("echo hi") == Reply("hi\n"))
        let watch = Stopwatch()
        #expect(try peer.receiveToEnd() == [])
        let duration = watch.seconds
        #expect((0.3...3).contains(duration), "\(duration) s")
    }

    @Test("A peer that waits for a slow command is not idle")
    func waiting() throws {
        let daemon = try RunningDaemon(
            DaemonConfiguration(limits: ["idleSeconds": 0.1, "recordSeconds": 0.1, "firstRecordSeconds": 0.1]))
        let peer = try daemon.connect()
        #expect(try peer.ask("wait 0.5") == Reply("waited 0.5\n"))
    }

    @Test(
        "A peer that never reads its reply is closed after idleSeconds, and holds no more than its reply",
        arguments: [
            "big 8000000", "echo",
        ])
    func neverReads(line: String) throws {
        let daemon = try RunningDaemon(
            with: ["toolbox"], DaemonConfiguration(limits: ["idleSeconds": 0.5, "recordBytes": 4_194_304]))
        let before = daemon.residentBytes
        let peer = try daemon.connect()
        let input = line == "echo" ? String(repeating: "x", count: 4_000_000) : ""
        try peer.send(line, input: input)
        let watch = Stopwatch()
        #expect(peer.waitForHangUp())
        let duration = watch.seconds
        #expect((0.3...5).contains(duration), "\(duration) s")
        #expect(daemon.residentBytes - before < 24 << 20)
        #expect(try peer.receiveToEnd().count < 4_000_000)
        #expect(try daemon.ask("echo on") == Reply("on\n"))
    }

    @Test("A peer that pipelines for ever and never reads is held back: the daemon's memory stays bounded")
    func pipelinesWithoutReading() throws {
        let daemon = try RunningDaemon(with: ["toolbox"], DaemonConfiguration(limits: ["idleSeconds": 1]))
        _ = try daemon.ask("echo warm")
        let before = daemon.residentBytes
        var held = 0
        for first in ["echo first", "big 3000000"] {
            let peer = try daemon.connect()
            try peer.send(first)
            let more = recordBytes("echo", String(repeating: "y", count: 500_000))
            var rest = more[...]
            // Until it is closed, whatever the daemon takes is sent.
            var sent = 1
            while !peer.waitForHangUp(seconds: sent == 0 ? 0.002 : 0) {
                sent = peer.sendWithoutWaiting(Array(rest))
                rest = rest.dropFirst(sent)
                if rest.isEmpty { rest = more[...] }
                held = max(held, daemon.residentBytes - before)
            }
        }
        #expect(held < 40 << 20, "\(held >> 20) MiB more")
    }
}
