import TestSupport
import Testing

@Suite("Peers that say goodbye early", .ownThread)
struct GoodbyeTests {
    @Test("A call whose caller was gone before it began is given up, on a connection that had calls before")
    func goneBeforeItBegan() throws {
        let daemon = try RunningDaemon(with: ["toolbox"])
        for _ in 0..<20 {
            let peer = try daemon.connect()
            #expect(try peer.ask("wait 0") == Reply("waited 0\n"))
            try peer.send("hold")
            peer.hangUp()
        }
        // Each call that nobody cancelled would go on for ever, and be dropped.
        #expect(try daemon.stop().status == .exited(0))
    }

    @Test(
        "Every reply that is owed arrives, whole, after the peer has closed its sending half", arguments: [true, false])
    func halfClosed(tcp: Bool) throws {
        let daemon = try RunningDaemon(
            DaemonConfiguration(listen: [#"{ "unix": "socket" }"#, #"{ "tcp": "127.0.0.1:0" }"#]))
        let input = String(repeating: "y", count: 60_000)
        for _ in 0..<10 {
            let peer = try tcp ? RawPeer(tcp: daemon.port(of: "tcp")) : daemon.connect()
            var requests: [UInt8] = []
            for _ in 0..<4 { requests += recordBytes("echo", input) }
            try peer.send(requests)
            peer.finishSending()
            for _ in 0..<4 { #expect(try peer.receiveReply() == Reply(input)) }
            #expect(try peer.receiveToEnd() == [])
        }
        #expect(try daemon.stop().status == .exited(0))
    }

    @Test("A bad record does not cut a reply that its peer has not read yet")
    func badRecordBehindLargeReply() throws {
        let daemon = try RunningDaemon(with: ["toolbox"])
        let peer = try daemon.connect()
        try peer.send(recordBytes("big 3000000") + [0xFF, 0xFF, 0xFF, 0xFF] + [UInt8](repeating: 7, count: 5000))
        #expect(try peer.receiveReply().output.utf8.count == 3_000_000)
        #expect(try peer.receiveReply().errors.contains("not a record"))
        #expect(try peer.receiveToEnd() == [])
    }
}
