import Foundation
import TestSupport
import Testing

/// What happens where memory or descriptors are all in use.
@Suite("Faults: memory and descriptors", .serialized, .ownThread, .timeLimit(.minutes(2))) struct ResourceTests {
    init() { allowManyDescriptors() }

    @Test(
        "A record whose handler writes 10 GB to a client that never reads: memory within limits.replyBytes + 10 %",
        arguments: [false, true])
    func endlessReply(isInWorker: Bool) throws {
        let cap = 64 << 20
        let daemon = try DaemonConfiguration.$usesWorkers.withValue(isInWorker) {
            try RunningDaemon(
                with: ["toolbox"], DaemonConfiguration(limits: ["replyBytes": Double(cap), "idleSeconds": 30]))
        }
        #expect(try daemon.ask("big 100000").output.count == 100_000)
        let before = daemon.residentBytes
        let peer = try daemon.connect()
        try peer.send("big 10000000000")
        try daemon.wait(until: "the handler has written it all", seconds: 60) {
            try daemon.status()["big"]?.totals.calls == 2
        }
        let more = daemon.peakResidentBytes - before
        print("endless reply: \(more >> 20) MiB more of \(cap >> 20)")
        #expect(more < cap + cap / 10)
        #expect(try daemon.ask("echo on") == Reply("on\n"))
    }

    /// Many clients that read nothing. So many that they would take more, and so much that what the process has besides hardly counts.
    struct Flood: Sendable, CustomTestStringConvertible {
        var isInWorkers: Bool
        var cap: Int
        var count: Int

        /// How much may come before they read. Where it is none, all that waits is where calls of workers keep it.
        var window: UInt32

        var testDescription: String {
            "\(count) clients\(isInWorkers ? " of workers" : ""), window \(window), \(cap >> 20) MiB"
        }
    }

    @Test(
        "Handlers that stream 10 GB to clients that never read: memory within limits.bufferBytes + 10 %",
        arguments: [
            Flood(isInWorkers: false, cap: 128 << 20, count: 300, window: 0x7FFF_FFFF),
            Flood(isInWorkers: true, cap: 64 << 20, count: 160, window: 0x7FFF_FFFF),
            Flood(isInWorkers: true, cap: 16 << 20, count: 160, window: 1),
        ])
    func endlessStreams(flood: Flood) throws {
        let (isInWorkers, cap, count) = (flood.isInWorkers, flood.cap, flood.count)
        let daemon = try DaemonConfiguration.$usesWorkers.withValue(isInWorkers) {
            try RunningDaemon(
                with: ["session_tools"],
                DaemonConfiguration(limits: [
                    "bufferBytes": Double(cap), "commands": 600, "commandsPerPlugin": 300, "waitingPerPlugin": 300,
                ]))
        }
        func sessions(_ words: String..., window: UInt32) throws -> [RawSession] {
            try (0..<count).map { _ in
                try daemon.session(RawRequest(words: words.map { Array($0.utf8) }).with(\.window, window))
            }
        }
        // What so many connections, threads and handlers take is not what is measured: at first they all stand still. In workers, handlers
        // take nothing of the daemon's, and not even what is on its way is to be there already.
        let still =
            try isInWorkers ? sessions("cat", window: 1) : sessions("flood", "10000000000", window: 16 << 10)
        for session in still { _ = try session.receive(isInWorkers ? Frame.pullType : Frame.outputType) }
        try daemon.waitUntilAtRest()
        daemon.resetPeak()
        let before = daemon.residentBytes
        for session in still { session.raw.hangUp() }
        try daemon.waitUntilIdle()
        let flooded = try sessions("flood", "10000000000", window: flood.window)
        try daemon.waitUntilAtRest()
        let most = daemon.peakResidentBytes - before
        for session in flooded { session.raw.hangUp() }
        print("endless streams: \(most >> 20) MiB more, for \(flood.testDescription)")
        #expect(most < cap + cap / 10)
        try daemon.waitUntilIdle()
        #expect(try daemon.status().bufferBytes == 0)
    }

    @Test("64 descriptors and 200 connections: under 5 % of a processor, and it serves within 1 s of room")
    func descriptors() throws {
        let daemon = try RunningDaemon(
            DaemonConfiguration(limits: ["firstRecordSeconds": 600, "idleSeconds": 600]), openFiles: 64)
        let first = try daemon.connect()
        #expect(try first.ask("echo first") == Reply("first\n"))
        var peers = try (0..<200).map { _ in try daemon.connect() }
        #expect(daemon.waitForLine { $0.contains("cannot accept on") } != nil)
        let used = daemon.processorSeconds
        let watch = Stopwatch()
        Thread.sleep(forTimeInterval: 3)
        let share = (daemon.processorSeconds - used) / watch.seconds
        // The one that is in is served all the while.
        #expect(try first.ask("wait 0") == Reply("waited 0\n"))

        let last = peers.removeLast()
        try last.send("echo last")
        let room = PauselessStopwatch()
        peers.removeAll()
        #expect(try last.receiveReply() == Reply("last\n"))
        let delay = room.seconds
        print("64 descriptors: \(percent(share)) of a processor; served \(milliseconds(delay)) after there was room")
        #expect(share < 0.05)
        #expect(delay < 1)
        #expect(try daemon.ask("echo new") == Reply("new\n"))
        #expect(try daemon.stop().status == .exited(0))
    }
}
