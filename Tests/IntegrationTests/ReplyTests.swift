import Foundation
import TestSupport
import Testing

@Suite("Replies that cannot be sent as they are", .ownThread, .timeLimit(.minutes(3))) struct ReplyTests {
    @Test("Output over replyBytes becomes an error, and the connection goes on", arguments: ["big 5000", "echo"])
    func tooLong(line: String) throws {
        let daemon = try RunningDaemon(with: ["toolbox"], DaemonConfiguration(limits: ["replyBytes": 4000]))
        let peer = try daemon.connect()
        let reply = try peer.ask(line, input: String(repeating: "x", count: 5000))
        #expect(reply.output == "")
        #expect(
            reply.errors.contains("it wrote more than 4000 bytes, which is the limit on a reply (limits.replyBytes)"))
        #expect(try peer.ask("big 4000").output.count == 4000)
        #expect(try peer.ask("echo on") == Reply("on\n"))
    }

    @Test("A handler that goes on writing over the limit takes no memory")
    func runaway() throws {
        let daemon = try RunningDaemon(with: ["toolbox"], DaemonConfiguration(limits: ["replyBytes": 1_000_000]))
        _ = try daemon.ask("big 1000000")
        let before = daemon.residentBytes
        #expect(try daemon.ask("big 2000000000").errors.contains("limits.replyBytes"))
        #expect(daemon.residentBytes - before < 8 << 20)
    }

    @Test("Output that is not UTF-8 becomes an error that says where it is not")
    func notUTF8() throws {
        let daemon = try RunningDaemon(with: ["toolbox"])
        let peer = try daemon.connect()
        let reply = try peer.ask("latin")
        #expect(reply.output == "")
        #expect(reply.errors.contains("latin: its output is not UTF-8 (at byte 3)"), "\(reply)")
        #expect(try peer.ask("echo on") == Reply("on\n"))
    }

    @Test("Where the buffers are used up, others get errors or replies, and the daemon lives")
    func outOfBuffers() throws {
        let daemon = try RunningDaemon(
            DaemonConfiguration(limits: ["bufferBytes": 1_048_576, "recordSeconds": 20, "firstRecordSeconds": 20]))
        let greedy = try daemon.connect()
        try greedy.send([0, 0x0F, 0x42, 0x40] + [UInt8](repeating: 0x78, count: 900_000))
        let peer = try daemon.connect()
        let word = String(repeating: "y", count: 100)
        try peer.send((0..<3000).flatMap { _ in recordBytes("echo \(word)") })
        peer.finishSending()
        var count = 0
        while try peer.hasSomethingToRead(within: 10) {
            guard let reply = try? peer.receiveReply() else { break }
            #expect(reply == Reply("\(word)\n") || reply.errors.contains("limits.bufferBytes"), "\(reply)")
            count += 1
        }
        #expect(count > 0)
        greedy.hangUp()
        #expect(try daemon.ask("echo on") == Reply("on\n"))
        #expect(try daemon.stop().status == .exited(0))
    }

    @Test("A reply goes to who asked, also where the rest of what they sent finds the buffers used up")
    func outOfBuffersBehindRequest() throws {
        let limits: [String: Double] = ["bufferBytes": 1_048_576, "recordSeconds": 60, "firstRecordSeconds": 60]
        let daemon = try RunningDaemon(DaemonConfiguration(limits: limits, others: ["loops": "1"]))
        // Each takes about 44,000 bytes; the last may find no room.
        var greedy: [RawPeer] = []
        while try daemon.status().bufferBytes < 1_000_000 {
            try #require(greedy.count < 100)
            greedy.append(try daemon.connect())
            try greedy.last!.send([0, 8, 0, 0] + [UInt8](repeating: 0x78, count: 60_000))
        }
        let (first, second) = (try daemon.connect(), try daemon.connect())
        for peer in [first, second] { #expect(try peer.ask("echo on") == Reply("on\n")) }
        // So that the loop finds both at once, in this order.
        kill(daemon.process, SIGSTOP)
        try first.send(recordBytes("echo first") + [0, 0x04, 0, 0] + [UInt8](repeating: 0x78, count: 80_000))
        try second.send(recordBytes("echo second"))
        kill(daemon.process, SIGCONT)
        #expect(try second.receiveReply() == Reply("second\n"))
        #expect(try first.receiveReply() == Reply("first\n"))
        #expect(try first.receiveReply().errors.contains("limits.bufferBytes"))
    }

    @Test("A reply that is there is sent whole, also where the socket and the buffers have no room for it")
    func replyWithoutRoom() throws {
        let daemon = try RunningDaemon(with: ["toolbox"], DaemonConfiguration(limits: ["bufferBytes": 1_048_576]))
        let peer = try daemon.connect()
        // It takes most of the buffers, and what a socket takes at once is a part of it.
        try peer.send("big 900000")
        try peer.send("echo on")
        #expect(try peer.hasSomethingToRead(within: 10))
        #expect(try peer.receiveReply().output.utf8.count == 900_000)
        #expect(try peer.receiveReply() == Reply("on\n"))
        // What was sent is given back at the end of the loop's round, which the peer may be ahead of.
        try daemon.wait(until: "the buffers are free again") { try daemon.status().bufferBytes == 0 }
        #expect(try daemon.ask("big 900000").output.utf8.count == 900_000)
        try daemon.wait(until: "the buffers are free again") { try daemon.status().bufferBytes == 0 }
    }

    @Test("Replies of all sizes come in their order, through a socket that is full again and again")
    func fullSocket() throws {
        let daemon = try RunningDaemon(with: ["toolbox"], DaemonConfiguration())
        let peer = try daemon.connect()
        let sizes = (0..<60).map { [0, 1, 300, 4096, 5000, 70_000, 400_000][$0 % 7] }
        for (index, size) in sizes.enumerated() {
            try peer.send("big \(size)")
            if index % 3 == 0 { try peer.send("echo \(index)") }
        }
        peer.finishSending()
        #expect(try peer.hasSomethingToRead(within: 10))
        for (index, size) in sizes.enumerated() {
            #expect(try peer.receiveReply().output.utf8.count == size)
            if index % 3 == 0 { #expect(try peer.receiveReply() == Reply("\(index)\n")) }
        }
        #expect(try peer.receiveToEnd().isEmpty)
    }

    @Test("A long reply does not overtake short ones that fill the socket", arguments: 58...67)
    func longBehindShort(count: Int) throws {
        let daemon = try RunningDaemon(
            with: ["toolbox"], DaemonConfiguration(plugins: ["toolbox", "Echo", "Wait"], others: ["loops": "1"]))
        let (peer, other) = (try daemon.connect(), try daemon.connect())
        // All of them are there when the first ends, and are sent in one go, as far as the socket takes them.
        try peer.send(
            (["wait 0.2"] + Array(repeating: "big 4000", count: count) + ["big 300000"]).flatMap { recordBytes($0) })
        // Nothing is read before the loop has been there.
        _ = try other.ask("wait 0.5")
        _ = try peer.receiveReply()
        for _ in 0..<count { #expect(try peer.receiveReply().output.utf8.count == 4000) }
        #expect(try peer.receiveReply().output.utf8.count == 300_000)
    }

    @Test("A status that is none counts as 255, and the log says so")
    func badStatus() throws {
        let daemon = try RunningDaemon(with: ["toolbox"], DaemonConfiguration(level: "info"))
        #expect(try daemon.ask("status 300") == Reply(""))
        #expect(
            daemon.waitForLine { $0.contains("status returned 300, which is no exit status; it counts as 255") } != nil)
        #expect(daemon.waitForLine { $0.contains("command=status") && $0.contains("status=255") } != nil)
    }
}
