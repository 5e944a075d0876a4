import Foundation
import TestSupport
import Testing

@Suite("Datagrams", .ownThread, .timeLimit(.minutes(3))) struct DatagramTests {
    private static let listeners = [
        #"{ "unix": "socket" }"#, #"{ "unixDatagram": "datagrams" }"#, #"{ "udp": "127.0.0.1:0" }"#,
    ]

    private static func peers(of daemon: RunningDaemon) throws -> [RawPeer] {
        [
            try RawPeer(unixDatagram: daemon.folder.file("datagrams"), own: daemon.folder.file("own")),
            try RawPeer(udp: daemon.port(of: "udp")),
        ]
    }

    @Test("One datagram in, one out: from handlers on the loop, on the pool, and from the daemon itself")
    func oneInOneOut() throws {
        let daemon = try RunningDaemon(DaemonConfiguration(listen: Self.listeners))
        for peer in try Self.peers(of: daemon) {
            try peer.send("echo hello world")
            #expect(try peer.receiveDatagram() == Reply("hello world\n"))
            try peer.send("count", input: "é\n")
            #expect(try peer.receiveDatagram() == Reply("      1       1       3\n"))
            try peer.send("daemon ping")
            #expect(try peer.receiveDatagram() == Reply("pong\n"))
            try peer.send("ecko")
            #expect(try peer.receiveDatagram().errors.contains("did you mean 'echo'"))
            #expect(!(try peer.hasSomethingToRead(within: 0)))
        }
        #expect(try daemon.stop().status == .exited(0))
        #expect(!FileManager.default.fileExists(atPath: daemon.folder.file("datagrams")))
    }

    @Test("A datagram that is too long, no record, or more than one is answered with an error")
    func bad() throws {
        let daemon = try RunningDaemon(DaemonConfiguration(listen: Self.listeners, limits: ["datagramBytes": 500]))
        for peer in try Self.peers(of: daemon) {
            try peer.send("echo", input: String(repeating: "x", count: 600))
            #expect(
                try peer.receiveDatagram().errors.contains(
                    "the datagram is longer than 500 bytes (limits.datagramBytes)"))
            try peer.send([1, 2, 3])
            #expect(try peer.receiveDatagram().errors.contains("not a record: the record ended early"))
            try peer.send(recordBytes("echo one") + recordBytes("echo two"))
            #expect(try peer.receiveDatagram().errors.contains("16 bytes too many after the record"))
            try peer.send(recordBytes("echo hi") + [0])
            #expect(try peer.receiveDatagram().errors.contains("1 byte too many after the record"))
            try peer.send([0, 0, 0, 1, 0xFF, 0, 0, 0, 0])
            #expect(try peer.receiveDatagram().errors.contains("not UTF-8"))
            try peer.send([])
            #expect(try peer.receiveDatagram().errors.contains("not a record"))
            try peer.send("echo on")
            #expect(try peer.receiveDatagram() == Reply("on\n"))
        }
    }

    @Test("A reply that does not fit into a datagram comes back as an error that says so")
    func replyTooLong() throws {
        let folder = try DaemonFolder()
        try folder.build("toolbox")
        let daemon = try RunningDaemon(
            DaemonConfiguration(listen: Self.listeners, plugins: ["Echo", "toolbox"]), in: folder)
        for peer in try Self.peers(of: daemon) {
            try peer.send("big 100000")
            let reply = try peer.receiveDatagram()
            #expect(reply.output == "")
            #expect(
                reply.errors.contains("the reply is 100008 bytes long, and a datagram has 61440 at most"), "\(reply)")
            try peer.send("big 61432")
            #expect(try peer.receiveDatagram().output.utf8.count == 61432)
        }
    }

    @Test("A peer that takes none of its reply datagrams hurts nobody else")
    func doesNotReceive() throws {
        let daemon = try RunningDaemon(DaemonConfiguration(listen: Self.listeners))
        let silent = try Self.peers(of: daemon)[0]
        // More replies than its socket holds.
        for index in 0..<60 { try silent.send("echo \(index)") }
        let other = try RawPeer(unixDatagram: daemon.folder.file("datagrams"), own: daemon.folder.file("other"))
        let watch = PauselessStopwatch()
        try other.send("echo on")
        #expect(try other.receiveDatagram() == Reply("on\n"))
        #expect(watch.seconds < 1, "it waited \(watch.seconds) s for somebody else's datagrams")
        #expect(try daemon.ask("echo on") == Reply("on\n"))
        #expect(try daemon.stop().status == .exited(0))
    }

    @Test("A slow command does not hold up the next datagram")
    func sideBySide() throws {
        let daemon = try RunningDaemon(DaemonConfiguration(listen: Self.listeners))
        let peer = try Self.peers(of: daemon)[1]
        try peer.send("wait 0.3")
        try peer.send("echo first")
        #expect(try peer.receiveDatagram() == Reply("first\n"))
        #expect(try peer.receiveDatagram() == Reply("waited 0.3\n"))
    }
}
