import Foundation
import TestSupport
import Testing

/// What peers can do to a daemon without being let run anything.
@Suite("Faults: peers", .serialized, .ownThread, .timeLimit(.minutes(2))) struct PeerTests {
    init() { allowManyDescriptors() }

    @Test("A length of FFFFFFFF on 1,000 connections: under 32 MB more, and each is closed within 100 ms")
    func declaredLengths() throws {
        let daemon = try RunningDaemon(
            DaemonConfiguration(limits: ["connections": 1100, "firstRecordSeconds": 60]), openFiles: 1200)
        #expect(try daemon.ask("echo warm") == Reply("warm\n"))
        let before = daemon.residentBytes
        var crowd = try Crowd(1000) { _ in try daemon.connect() }
        // Of the first string, and of the second.
        let lengths: [[UInt8]] = [
            [0xFF, 0xFF, 0xFF, 0xFF], recordBytes("echo").dropLast(4) + [0xFF, 0xFF, 0xFF, 0xFF],
        ]
        var slowest = 0.0
        for batch in stride(from: 0, to: 1000, by: 20) {
            let indices = Array(batch..<batch + 20)
            var sent: [Int: Double] = [:]
            for index in indices {
                sent[index] = crowd.seconds
                try crowd.open[index]!.send(lengths[index % 2])
            }
            while !sent.isEmpty {
                for index in crowd.collectClosed(among: indices, waitingFor: 1000) {
                    slowest = max(slowest, crowd.seconds - sent.removeValue(forKey: index)!)
                }
                guard sent.values.allSatisfy({ crowd.seconds - $0 < 10 }) else {
                    throw TestFailure("\(sent.count) connections are still open after 10 s")
                }
            }
        }
        let more = daemon.peakResidentBytes - before
        print("declared lengths: \(more / 1000) kB more, the slowest close took \(milliseconds(slowest))")
        #expect(more < 32_000_000)
        #expect(slowest < 0.1)
        #expect(try daemon.ask("echo on") == Reply("on\n"))
    }

    @Test("1,000 drips of 1 B/s: the others' p99 stays under 2x, and each is cut by the record's deadline + 1 s")
    func drips() throws {
        let deadline = 3.0
        let daemon = try RunningDaemon(
            DaemonConfiguration(
                limits: ["connections": 1100, "firstRecordSeconds": deadline, "recordSeconds": deadline]
            ),
            openFiles: 1200)
        let before = Load { try daemon.connect() }.run(seconds: 1.5)
        // The one half begins with its first record, which is counted from the connection on; the other with its second,
        // which is counted from its first byte on.
        var crowd = try Crowd(1000) { index in
            let peer = try daemon.connect()
            if index % 2 == 1, try peer.ask("echo in") != Reply("in\n") { throw TestFailure("not served") }
            return peer
        }
        let beside = Load { try daemon.connect() }
        let bytes = recordBytes("echo " + String(repeating: "x", count: 200))
        var begun = [Double](repeating: 0, count: 1000)
        var latest = 0.0
        // Each tick a hundredth of them sends one byte; so each sends one a second.
        let start = crowd.seconds
        var tick = 0
        while !crowd.open.isEmpty {
            for index in stride(from: tick % 100, to: 1000, by: 100) {
                guard let peer = crowd.open[index] else { continue }
                let round = tick / 100
                if round == 0 { begun[index] = index % 2 == 0 ? crowd.connected[index] : crowd.seconds }
                _ = peer.sendWithoutWaiting([bytes[round]])
            }
            if tick % 5 == 0 {
                for index in crowd.collectClosed() { latest = max(latest, crowd.seconds - begun[index] - deadline) }
            }
            guard tick < 2000 else { throw TestFailure("\(crowd.open.count) drips were not cut within 20 s") }
            tick += 1
            let early = start + Double(tick) / 100 - crowd.seconds
            if early > 0 { usleep(UInt32(early * 1e6)) }
        }
        let during = beside.stop()
        let after = Load { try daemon.connect() }.run(seconds: 1.5)
        let alone = max(before.typicalQuantile(0.99), after.typicalQuantile(0.99))
        print(
            "drips: p99 \(microseconds(during.typicalQuantile(0.99))) of \(during.calls) calls, alone \(microseconds(alone)); "
                + "the last was cut \(milliseconds(latest)) after its deadline")
        #expect(before.failures + during.failures + after.failures == [])
        // The thread that drips shares the cores with those that are measured: a slice of its time, of a millisecond, is not the
        // daemon's.
        #expect(during.typicalQuantile(0.99) < 2 * alone + 0.001)
        #expect(latest < 1)
    }

    @Test("10,000 clients that hang up before the reply: no death, no descriptor more")
    func hangUps() throws {
        let daemon = try RunningDaemon(
            DaemonConfiguration(
                listen: [#"{ "unix": "socket" }"#, #"{ "tcp": "127.0.0.1:0" }"#], limits: ["connections": 2000]),
            openFiles: 2100)
        let port = try daemon.port(of: "tcp")
        let beside = Load(pace: 200) { try daemon.connect() }
        let requests = [
            recordBytes("echo hello"), recordBytes("wait 0.01"), recordBytes("echo a") + recordBytes("wait 0"),
            RawRequest("echo").bytes, RawRequest("wait", "0.01").bytes, Array(recordBytes("echo hello").dropLast()),
            recordBytes("echo", String(repeating: "x", count: 5000)),
        ]
        func hangUp(_ index: Int) throws {
            let peer = index % 2 == 0 ? try daemon.connect() : try RawPeer(tcp: port)
            try peer.send(requests[index % requests.count])
            // A third of them end with a reset.
            if index % 3 == 0 { peer.resetWhenClosed() }
        }
        for index in 0..<200 { try hangUp(index) }
        try daemon.waitUntilIdle()
        let descriptors = daemon.descriptorCount
        for index in 0..<10_000 { try hangUp(index) }
        try daemon.waitUntilIdle()
        let tally = beside.stop()
        print("hang-ups: \(daemon.descriptorCount) descriptors, before \(descriptors); \(tally.calls) calls beside")
        #expect(tally.failures == [])
        #expect(daemon.waitForDescriptors(atMost: descriptors), "\(daemon.descriptorCount)")
        #expect(try daemon.stop().status == .exited(0))
    }
}
