import Foundation
import TestSupport
import Testing

/// What peers can do to a daemon without being let run anything.
@Suite("Faults: peers", .serialized, .ownThread, .timeLimit(.minutes(10))) struct PeerTests {
    init() { allowManyDescriptors() }

    @Test("A length of FFFFFFFF on 1,000 connections: under 32 MB more, and each is closed within 100 ms")
    func declaredLengths() throws {
        // How long it takes is asked of the daemon that people run.
        let daemon = try RunningDaemon(
            DaemonConfiguration(limits: ["connections": 1100, "firstRecordSeconds": 60]), openFiles: 1200,
            launcher: RealTime.launcher, program: try ReleaseBuild.path("fastdaemond"))
        #expect(try daemon.ask("echo warm") == Reply("warm\n"))
        let before = daemon.residentBytes
        var crowd = try Crowd(1000) { _ in try daemon.connect() }
        let waits = daemon.waitsForCores
        let slowest = try RealTime.measure { try slowestClose(of: &crowd) }
        // Where the daemon is as all other programs, what passes while it could run and others have the cores is not its own.
        let machine =
            RealTime.isAllowed ? 0 : daemon.waitsForCores.map { $1 - waits[$0, default: 0] }.max() ?? 0
        let more = daemon.peakResidentBytes - before
        print(
            "declared lengths: \(more / 1000) kB more, the slowest close took \(milliseconds(slowest))"
                + (RealTime.isAllowed ? "" : ", of which \(milliseconds(machine)) are the machine's"))
        #expect(more < 32_000_000)
        #expect(slowest - machine < 0.1)
        #expect(try daemon.ask("echo on") == Reply("on\n"))
    }

    /// Declares a length of FFFFFFFF on all connections at once, of the first string on the one half and of the second on the other.
    ///
    /// - Returns: how long it took at most until one was closed, in seconds.
    private func slowestClose(of crowd: inout Crowd) throws -> Double {
        let lengths: [[UInt8]] = [
            [0xFF, 0xFF, 0xFF, 0xFF], recordBytes("echo").dropLast(4) + [0xFF, 0xFF, 0xFF, 0xFF],
        ]
        let watch = RealTime.Watch()
        var sent: [Int: Double] = [:]
        for index in 0..<1000 {
            sent[index] = watch.seconds
            try crowd.open[index]!.send(lengths[index % 2])
        }
        var slowest = 0.0
        while !sent.isEmpty {
            for index in crowd.collectClosed(waitingFor: 1000) {
                slowest = max(slowest, watch.seconds - sent.removeValue(forKey: index)!)
            }
            guard sent.values.allSatisfy({ watch.seconds - $0 < 10 }) else {
                throw TestFailure("\(sent.count) connections are still open after 10 s")
            }
        }
        return slowest
    }

    @Test("1,000 drips of 1 B/s: the others' p99 stays under 2x, and each is cut by the record's deadline + 1 s")
    func drips() throws {
        let deadline = 3.0
        let program = try ReleaseBuild.path("fastdaemond")
        let daemon = try RunningDaemon(
            DaemonConfiguration(
                limits: ["connections": 1100, "firstRecordSeconds": deadline, "recordSeconds": deadline]
            ),
            openFiles: 1200, launcher: RealTime.launcher, program: program)
        // The same client asks a daemon that nobody drips upon, in turn with the other. The threads that drip and that ask share the
        // cores with both.
        let alone = try RunningDaemon(launcher: RealTime.launcher, program: program)
        var (beside, without) = (Load.Tally(), Load.Tally())
        var latest = 0.0
        for _ in 0..<3 {
            // The one half begins with its first record, the other with its second.
            var drips = try Drips(1000, deadline: deadline) { index in
                let peer = try daemon.connect()
                if index % 2 == 1, try peer.ask("echo in") != Reply("in\n") { throw TestFailure("not served") }
                return peer
            }
            let comparison = Comparison(of: daemon, with: alone)
            drips.run(seconds: 20)
            let (first, second) = comparison.stop()
            beside.add(first)
            without.add(second)
            #expect(drips.count == 0, "not cut within 20 s")
            latest = max(latest, drips.latest)
        }
        #expect(beside.failures + without.failures == [])
        let (p99, usual) = (beside.quantile(0.99), without.quantile(0.99))
        let slow = beside.share { $0 >= 2 * usual }
        let machine = without.share { $0 >= 2 * usual }
        print(
            "drips: p99 of \(beside.calls) calls is \(microseconds(p99)), of a daemon alone \(microseconds(usual)); "
                + "\(percent(slow)) take more than twice that, \(percent(machine)) alone; "
                + "the last was cut \(milliseconds(latest)) after its deadline")
        if RealTime.isAllowed {
            #expect(p99 < 2 * usual)
        } else {
            // Where others have the cores now and then, p99 is theirs, and one of the two may be ten times the other. So the calls
            // are counted that take longer than twice the usual p99; those that do so without drips are the machine's.
            #expect(slow - machine < 0.01)
        }
        #expect(latest < 1)
    }

    @Test("10,000 clients that hang up before the reply: no death, no descriptor more")
    func hangUps() throws {
        let daemon = try RunningDaemon(
            DaemonConfiguration(
                listen: [#"{ "unix": "socket" }"#, #"{ "tcp": "127.0.0.1:0" }"#],
                plugins: ["Echo", "Wait", #"{ "library": "libCount.so", "execution": "process" }"#],
                limits: ["connections": 2000]),
            openFiles: 2100)
        let port = try daemon.port(of: "tcp")
        let beside = Load(pace: 200) { try daemon.connect() }
        let requests = [
            recordBytes("echo hello"), recordBytes("wait 0.01"), recordBytes("echo a") + recordBytes("wait 0"),
            RawRequest("echo").bytes, RawRequest("wait", "0.01").bytes, Array(recordBytes("echo hello").dropLast()),
            recordBytes("echo", String(repeating: "x", count: 5000)), recordBytes("count", "a b\n"),
            RawRequest("count").bytes,
        ]
        func hangUp(_ index: Int) throws {
            let peer = index % 2 == 0 ? try daemon.connect() : try RawPeer(tcp: port)
            // One that comes while those before it still count may be turned away.
            _ = peer.sendWithoutWaiting(requests[index % requests.count])
            // A third of them end with a reset.
            if index % 3 == 0 { peer.resetWhenClosed() }
        }
        for index in 0..<200 { try hangUp(index) }
        try daemon.waitUntilIdle(others: 1)
        let descriptors = daemon.descriptorCount
        for index in 0..<10_000 { try hangUp(index) }
        try daemon.waitUntilIdle(others: 1)
        let tally = beside.stop()
        print("hang-ups: \(daemon.descriptorCount) descriptors, before \(descriptors); \(tally.calls) calls beside")
        #expect(tally.failures == [])
        #expect(daemon.waitForDescriptors(atMost: descriptors), "\(daemon.descriptorCount)")
        #expect(!daemon.log.contains { $0.contains("error: worker process") })
        #expect(try daemon.stop().status == .exited(0))
    }
}
