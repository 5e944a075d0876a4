import Foundation
import TestSupport
import Testing

@Suite("A daemon with nothing to do", .ownThread, .timeLimit(.minutes(2))) struct IdleExitTests {
    private func configuration(seconds: Double, listen: [String] = [#"{ "unix": "socket" }"#]) -> DaemonConfiguration {
        DaemonConfiguration(listen: listen, others: ["idleExitSeconds": "\(seconds)"])
    }

    @Test("stops by itself, with status 0, and says why")
    func stops() throws {
        let daemon = try RunningDaemon(configuration(seconds: 0.3))
        let result = try daemon.wait()
        #expect(result.status == .exited(0))
        #expect(result.errorText.contains("notice: stopping: there was nothing to do for 0.3 s (idleExitSeconds)"))
        #expect(access(daemon.folder.file("socket"), F_OK) != 0)
        #expect(access(daemon.folder.file("socket.lock"), F_OK) != 0)
    }

    @Test("does not while somebody is connected, and counts from when they left")
    func connected() throws {
        let daemon = try RunningDaemon(configuration(seconds: 600))
        let watch: Stopwatch
        do {
            let peer = try daemon.connect()
            try peer.send("wait 1")
            try daemon.reload(configuration(seconds: 0.4))
            #expect(try peer.receiveReply() == Reply("waited 1\n"))
            watch = Stopwatch()
        }
        #expect(try daemon.wait().status == .exited(0))
        #expect(watch.seconds >= 0.39, "\(watch.seconds) s")
    }

    @Test("does not while a call goes on that came as a datagram")
    func datagram() throws {
        let listen = [#"{ "udp": "127.0.0.1:0" }"#]
        let daemon = try RunningDaemon(configuration(seconds: 600, listen: listen))
        let peer = try RawPeer(udp: daemon.port(of: "udp"))
        try peer.send("wait 1")
        try daemon.reload(configuration(seconds: 0.3, listen: listen))
        #expect(try peer.receiveDatagram() == Reply("waited 1\n"))
        #expect(try daemon.wait().status == .exited(0))
    }

    @Test("takes up another time at a reload")
    func reload() throws {
        let daemon = try RunningDaemon(configuration(seconds: 600))
        try daemon.folder.write(configuration(seconds: 0.2).text)
        daemon.send(SIGHUP)
        #expect(try daemon.wait().status == .exited(0))
    }

    @Test("answers everybody who got through to it, however close to its end")
    func close() throws {
        let folder = try DaemonFolder()
        for round in 0..<4 {
            let listen = [#"{ "unix": "socket" }"#, #"{ "tcp": "127.0.0.1:0" }"#]
            let daemon = try RunningDaemon(configuration(seconds: 0.05, listen: listen), in: folder)
            // It counts from its start on, so all of this is near the end.
            var answered = 0
            while let peer = try? daemon.connect() {
                usleep(UInt32(round) * 300)
                #expect(try peer.ask("echo hi") == Reply("hi\n"))
                answered += 1
                if answered > 20 { usleep(UInt32.random(in: 49_000...51_000)) }
                if answered > 45 { break }
            }
            #expect(try daemon.wait().status == .exited(0))
        }
    }
}
