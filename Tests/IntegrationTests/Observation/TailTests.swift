import Foundation
import TestSupport
import Testing

@Suite("The access log as it grows", .ownThread, .timeLimit(.minutes(3))) struct TailTests {
    @Test("has the lines of the log, whatever the level of the log")
    func lines() throws {
        let daemon = try RunningDaemon(DaemonConfiguration(level: "notice"))
        let tail = try daemon.session(RawRequest("daemon", "tail"))
        try daemon.waitUntil(running: 1, of: "daemon")
        let outcome = try daemon.session(RawRequest("wait", "x")).finish()
        let line = try nextLine(of: tail) { $0.contains("command=wait") }
        #expect(line.contains(" info: call ") && line.contains(" call=\(outcome.end.call) "))
        #expect(line.contains(" status=2 ") && line.contains("peer=\"uid \(getuid()) pid \(getpid())\""))
        #expect(!daemon.log.contains { $0.contains(" info: call ") })
        try tail.send(.signal(2))
        #expect(try tail.skipToEnd().status == 130)
    }

    @Test("is JSON for programs")
    func json() throws {
        let daemon = try RunningDaemon()
        let tail = try daemon.session(RawRequest("daemon", "tail", "--json"))
        try daemon.waitUntil(running: 1, of: "daemon")
        _ = try daemon.ask("echo hi")
        let line = try nextLine(of: tail) { $0.contains("\"echo\"") }
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        #expect(object?["command"] as? String == "echo" && object?["status"] as? Int == 0)
        #expect(object?["bytes_out"] as? Int == 3)
    }

    @Test("is followed by several, and waits for none of them: what a slow one loses is counted")
    func slowReader() throws {
        let daemon = try RunningDaemon()
        let slow = try daemon.session(RawRequest("daemon", "tail", "--json").with(\.window, 1_000))
        let fast = try daemon.client(daemon.folder.file("socket"), "daemon", "tail", "--json")
        defer { fast.send(SIGKILL) }
        try daemon.waitUntil(running: 2, of: "daemon")
        let resident = daemon.residentBytes
        let peer = try daemon.connect()
        let count = 20_000
        for _ in 0..<count / 100 {
            try peer.send((0..<100).flatMap { _ in recordBytes("echo hi") })
            for _ in 0..<100 { #expect(try peer.receiveReply() == Reply("hi\n")) }
        }
        #expect(daemon.residentBytes < resident + 16 << 20)
        // The lines of a reader that stands still and those that it lost are all that there were.
        var (bytes, lines, lost) = ([UInt8](), 0, 0)
        let watch = Stopwatch()
        while lines + lost < count, watch.seconds < 20 {
            let piece = try slow.receiveOutputOrPull()
            bytes += piece
            try slow.send(.credit(piece.count))
            while let end = bytes.firstIndex(of: 10) {
                let object = try JSONSerialization.jsonObject(with: Data(bytes[..<end])) as? [String: Any]
                bytes.removeSubrange(...end)
                if let some = object?["lost"] as? Int { lost += some }
                if object?["command"] as? String == "echo" { lines += 1 }
            }
        }
        #expect(lost > 0 && lines > 100)
        #expect((count..<count + 500).contains(lines + lost), "the daemon's own commands have lines too")
        fast.send(SIGINT)
        let result = try fast.wait()
        #expect(result.status == .signalled(SIGINT))
        #expect(result.outputText.split(separator: "\n").count > 100)
    }

    @Test("ends when the daemon stops, which does not wait for it", arguments: [262_144, 10] as [UInt32])
    func shutdown(window: UInt32) throws {
        let daemon = try RunningDaemon(DaemonConfiguration(limits: ["drainSeconds": 20]))
        let tail = try daemon.session(RawRequest("daemon", "tail").with(\.window, window))
        try daemon.waitUntil(running: 1, of: "daemon")
        let watch = Stopwatch()
        daemon.send(SIGTERM)
        let end = try tail.skipToEnd()
        #expect(end.verdict == .shuttingDown && end.status == 75)
        #expect(try daemon.wait().status == .exited(0))
        #expect(watch.seconds < 10)
    }

    @Test("is followed by 16 at once; one more is told so, and has a place when another has gone")
    func crowd() throws {
        let daemon = try RunningDaemon()
        let readers = try (0..<16).map { _ in try daemon.session(RawRequest("daemon", "tail")) }
        try daemon.waitUntil(running: 16, of: "daemon")
        let refused = try daemon.run("daemon", "tail")
        #expect(refused.end.status == 75)
        #expect(refused.errorText.contains("daemon tail: busy: 16 follow the access log already"), "\(refused)")
        readers[3].raw.hangUp()
        try daemon.waitUntil(running: 15, of: "daemon")
        let next = try daemon.session(RawRequest("daemon", "tail"))
        _ = try daemon.ask("echo hi")
        _ = try nextLine(of: next) { $0.contains("command=echo") }
    }

    @Test("costs nothing any more when its reader has gone")
    func hangUp() throws {
        let daemon = try RunningDaemon()
        let tail = try daemon.session(RawRequest("daemon", "tail"))
        try daemon.waitUntil(running: 1, of: "daemon")
        tail.raw.hangUp()
        try daemon.waitUntil(running: 0, of: "daemon")
        #expect(try daemon.ask("echo on") == Reply("on\n"))
    }

    /// Gives credit, and looks for a line.
    private func nextLine(of tail: RawSession, where isWanted: (String) -> Bool) throws -> String {
        var bytes: [UInt8] = []
        while true {
            bytes += try tail.receiveOutputOrPull()
            while let end = bytes.firstIndex(of: 10) {
                let line = String(decoding: bytes[..<end], as: UTF8.self)
                bytes.removeSubrange(...end)
                if isWanted(line) { return line }
            }
        }
    }
}
