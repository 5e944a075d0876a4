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
        let nobody = ActivatedSockets()
        try nobody.add("nobody", unix: daemon.folder.file("nobody"))
        var unread = try Drips(1000, deadline: .infinity) { _ in try RawPeer(unix: daemon.folder.file("nobody")) }
        var ratios: [Double] = []
        var latest = 0.0
        for _ in 0..<3 {
            // What the same drips cost where nobody reads them: the thread that sends them shares the cores with those
            // measured.
            let quiet = Load { try daemon.connect() }
            unread.run(seconds: 1.5)
            let alone = quiet.stop()
            // The one half begins with its first record, the other with its second.
            var drips = try Drips(1000, deadline: deadline) { index in
                let peer = try daemon.connect()
                if index % 2 == 1, try peer.ask("echo in") != Reply("in\n") { throw TestFailure("not served") }
                return peer
            }
            let load = Load { try daemon.connect() }
            drips.run(seconds: 20)
            let beside = load.stop()
            #expect(alone.failures + beside.failures == [])
            #expect(drips.count == 0, "not cut within 20 s")
            ratios.append(beside.typicalQuantile(0.99) / alone.typicalQuantile(0.99))
            latest = max(latest, drips.latest)
        }
        print(
            "drips: p99 is \(ratios.sorted()) of that alone; the last was cut \(milliseconds(latest)) after its deadline"
        )
        #expect(ratios.sorted()[1] < 2)
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
        #expect(try daemon.stop().status == .exited(0))
    }
}
