import Foundation
import TestSupport
import Testing

/// What a flood of calls of one plugin leaves to the others.
@Suite("Floods", .ownThread, .timeLimit(.minutes(3))) struct FloodTests {
    /// How long a call of a quiet plugin takes, in seconds: what 99 of 100 do not exceed.
    private func p99(of line: String, on daemon: RunningDaemon, calls: Int = 200) throws -> Double {
        let peer = try daemon.connect()
        var durations: [Double] = []
        for _ in 0..<calls {
            let watch = Stopwatch()
            #expect(try peer.ask(line).errors == "")
            durations.append(watch.seconds)
        }
        return durations.sorted()[calls * 99 / 100]
    }

    /// - Parameters:
    ///   - places: how many calls of the flooding plugin run at once.
    @Test(
        "Thousands of calls that wait or are turned away leave another plugin's latency alone",
        arguments: [16, 1000])
    func flood(places: Int) throws {
        let folder = try DaemonFolder()
        try folder.build("slow")
        let daemon = try RunningDaemon(
            DaemonConfiguration(
                plugins: [#"{ "library": "libslow.so", "concurrency": \#(places) }"#, "Wait"],
                limits: ["commands": 64, "waitingPerPlugin": 64, "connections": 2000]), in: folder)
        let quiet = try p99(of: "wait 0", on: daemon)
        // Each has one call under way at all times, which waits or is turned away.
        let isOver = Flag()
        let floods = (0..<4).map { _ in
            BackgroundThread {
                guard let peers = try? (0..<60).map({ _ in try daemon.connect() }) else { return }
                for peer in peers { try? peer.send("slow 0.02") }
                while !isOver.isSet {
                    for peer in peers {
                        _ = try? peer.receiveReply()
                        try? peer.send("slow 0.02")
                    }
                }
            }
        }
        try daemon.waitForStatus("the flood is there") { ($0["slow"]?.totals.refusals ?? 0) > 1000 }
        let flooded = try p99(of: "wait 0", on: daemon)
        let refusals = try #require(try daemon.status()["slow"]).totals.refusals
        isOver.set()
        for flood in floods { flood.join() }
        #expect(refusals > 1000)
        // The constant is for the flood's own threads, which share two processors with the daemon.
        #expect(flooded < 2 * quiet + 0.05, "\(flooded * 1000) ms, and \(quiet * 1000) ms without the flood")
    }

    @Test("A line of tens of thousands that all give up is gone in no time")
    func longLine() throws {
        let daemon = try RunningDaemon(
            withTimeout: nil, concurrency: 1, DaemonConfiguration(limits: ["waitingPerPlugin": 100_000]))
        let gate = try Gate(of: daemon)
        let holder = try daemon.session(RawRequest("linger", gate.path))
        try holder.receive(text: "lingering\n")
        let block = (0..<128).flatMap { _ in recordBytes("left") }
        let peers = try (0..<200).map { _ in try daemon.connect() }
        for peer in peers { try peer.send(block) }
        try daemon.waitForStatus("all wait") { $0["left"]?.waiting == 200 * 128 }
        let watch = Stopwatch()
        for peer in peers { peer.hangUp() }
        try daemon.waitForStatus("none waits") { $0["left"]?.waiting == 0 && $0.connections == 2 }
        #expect(watch.seconds < 5, "\(watch.seconds) s")
        try gate.open()
        #expect(try holder.finish().end.status == 0)
        try daemon.waitUntilIdle()
        #expect(try daemon.status()["left"]?.totals.calls == 0)
    }
}
