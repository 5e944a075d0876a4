import Foundation
import TestSupport
import Testing

/// What a flood of calls of one plugin leaves to the others.
@Suite("Floods", .ownThread, .timeLimit(.minutes(3))) struct FloodTests {
    /// How long a hundred calls of a quiet plugin take, and as many of an inline command, in turn, so that both meet the same
    /// machine: what 99 of them do not exceed, in seconds.
    private func p99(on daemon: RunningDaemon) throws -> (wait: Double, echo: Double) {
        let peer = try daemon.connect()
        var (waits, echoes): ([Double], [Double]) = ([], [])
        for _ in 0..<100 {
            let wait = Stopwatch()
            #expect(try peer.ask("wait 0").errors == "")
            waits.append(wait.seconds)
            let echo = Stopwatch()
            #expect(try peer.ask("echo x").errors == "")
            echoes.append(echo.seconds)
        }
        return (waits.sorted()[98], echoes.sorted()[98])
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
                plugins: [#"{ "library": "libslow.so", "concurrency": \#(places) }"#, "Wait", "Echo"],
                limits: ["commands": 64, "waitingPerPlugin": 64, "connections": 2000]), in: folder)
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
        defer {
            isOver.set()
            for flood in floods { flood.join() }
        }
        try daemon.waitForStatus("the flood is there") { ($0["slow"]?.totals.refusals ?? 0) > 1000 }
        let rounds = try (0..<11).map { _ in try p99(on: daemon) }
        // The median counts: what else the machine does adds to some rounds, and a daemon that lets them wait to each.
        let (wait, echo) = (rounds.map(\.wait).sorted()[5], rounds.map(\.echo).sorted()[5])
        print("flood of \(places) at once: \(wait * 1000) ms, and \(echo * 1000) ms of an inline command")
        // The constant is for the way to a thread and back, on two processors that the flood's own threads share. It is less than
        // one call of the flood takes.
        #expect(wait < 2 * echo + 0.01, "\(wait * 1000) ms, and \(echo * 1000) ms of an inline command")
    }

    @Test("Work that a plugin hands over, and that does not come back, leaves a thread to what others hand over")
    func crowd() throws {
        let daemon = try RunningDaemon(with: ["stuck", "later"], DaemonConfiguration(limits: ["commands": 8]))
        let gate = try Gate(of: daemon)
        let crowd = try daemon.session(RawRequest("crowd", "20", gate.path))
        try crowd.receive(text: "crowded\n")
        #expect(try daemon.ask("later-pool") == Reply("later\n"))
        // As long as it is open, nobody waits there.
        let door = open(gate.path, O_RDWR | O_CLOEXEC)
        defer { close(door) }
        #expect(try crowd.finish().summary == "free\n||completed 0")
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
        let before = daemon.processorSeconds
        for peer in peers { try peer.send(block) }
        try daemon.waitForStatus("all wait") { $0["left"]?.waiting == 200 * 128 }
        let between = daemon.processorSeconds
        for peer in peers { peer.hangUp() }
        try daemon.waitForStatus("none waits") { $0["left"]?.waiting == 0 && $0.connections == 2 }
        let (lining, leaving) = (between - before, daemon.processorSeconds - between)
        // As the line grew, one by one: whoever leaves does not look through it.
        #expect(leaving < 3 * lining, "\(leaving) s of processor time, and \(lining) s to line up")
        try gate.open()
        #expect(try holder.finish().end.status == 0)
        try daemon.waitUntilIdle()
        #expect(try daemon.status()["left"]?.totals.calls == 0)
    }
}
