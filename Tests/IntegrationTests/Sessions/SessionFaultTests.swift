import TestSupport
import Testing

/// Faults that were found by reading and by breaking, each as a client would meet it.
@Suite("Sessions: faults that were", .ownThread, .timeLimit(.minutes(3))) struct SessionFaultTests {
    @Test("An INPUT may come with its header alone, and the next one is still asked for")
    func headerAlone() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        for command in ["cat", "echo"] {
            let peer = try daemon.session(RawRequest(command))
            for text in ["one", "two", "three"] {
                _ = try peer.receive(Frame.pullType)
                let frame = Frame.input(Array(text.utf8)).bytes
                try peer.raw.send(Array(frame.prefix(4)))
                // The header is read before the rest is sent.
                #expect(try peer.isQuiet(for: 0.05))
                try peer.raw.send(Array(frame.dropFirst(4)))
                try peer.receive(text: text)
            }
        }
    }

    @Test("Any number of new sizes at once, and before the command looks, does nobody harm")
    func manySizes() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let peer = try daemon.rawSession()
        let request = RawRequest("size").with(\.terminals, .terminals(7, columns: 80, rows: 24))
        let sizes = (1...50_000).flatMap { Frame.signal(28, columns: UInt16($0 % 500), rows: 7).bytes }
        try peer.raw.send(request.bytes + sizes + Frame.signal(2).bytes)
        try peer.receiveHello()
        #expect(try peer.skipToEnd().status == 130)
        #expect(try daemon.run("exit", "3").end.status == 3)
    }

    @Test("A client that broke a rule and does not read is not listened to, and its command is cancelled")
    func deafToViolators() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let peer = try daemon.session(RawRequest("flood", "1000000000").with(\.window, 0x7FFF_FFFF))
        try peer.raw.send([0x55, 0, 0, 0])
        #expect(daemon.waitForLine { $0.contains("flood stopped after") } != nil)
        let before = daemon.residentBytes
        for _ in 0..<200 { try? peer.raw.send([UInt8](repeating: 0x07, count: 65_536)) }
        #expect(daemon.residentBytes - before < 8 << 20)
        #expect(try daemon.run("exit", "3").end.status == 3)
    }
}
