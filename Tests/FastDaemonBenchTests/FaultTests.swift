import Dispatch
import TestSupport
import Testing

@testable import fastdaemon_bench

@Suite("What a server does wrong is counted as what it is")
struct FaultTests {
    private let folder: TemporaryFolder
    private var path: String { folder.file("faulty.sock") }

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test("a connection that ends inside a reply")
    func short() throws {
        let measurement = try measure("-n", "1") { peer in
            _ = try peer.receiveRecord()
            try peer.send(Array(record("hello", "").dropLast()))
            return []
        }
        #expect(measurement.tally[.short] == 1)
        #expect(measurement.tally.isAllFailed)
    }

    @Test("a connection that is reset")
    func reset() throws {
        let measurement = try measure("-n", "1") { peer in
            _ = try peer.receive(1)
            return []
        }
        #expect(measurement.tally[.reset] == 1)
        #expect(measurement.tally.firstReason(for: .reset) == "receiving: Connection reset by peer")
    }

    @Test("bytes that are another protocol")
    func malformed() throws {
        let measurement = try measure("-n", "1") { peer in
            _ = try peer.receiveRecord()
            try peer.send(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))
            return try peer.receiveAll()
        }
        #expect(measurement.tally[.malformed] == 1)
    }

    @Test("a reply that nothing was asked for")
    func unasked() throws {
        let measurement = try measure("-n", "1") { peer in
            _ = try peer.receiveRecord()
            try peer.send(record("one", "") + record("two", ""))
            return try peer.receiveAll()
        }
        #expect(measurement.tally.replies == 1)
        #expect(measurement.tally[.malformed] == 1)
    }

    @Test("an error text, of which the first is shown")
    func refused() throws {
        let measurement = try measure("-n", "2") { peer in
            for text in ["no such command", "busy"] {
                _ = try peer.receiveRecord()
                try peer.send(record("", text))
            }
            return try peer.receiveAll()
        }
        #expect(measurement.tally[.refused] == 2)
        #expect(measurement.tally.replies == 2)
        #expect(measurement.tally.firstReason(for: .refused) == "no such command")
        #expect(measurement.tally.isAllFailed)
    }

    @Test("no reply in time")
    func unanswered() throws {
        let measurement = try measure("-P", "4", "-n", "4", "--timeout", "2") { peer in
            _ = try peer.receiveRecord()
            try peer.send(record("one", ""))
            return try peer.receiveAll()
        }
        #expect(measurement.tally.replies == 1)
        #expect(measurement.tally[.unanswered] == 3)
        #expect(measurement.tally.firstReason(for: .unanswered) == "no reply within 2.0 s")
        #expect(!measurement.tally.isAllFailed)
    }

    @Test("requests of an open loop that were due and could not even be sent")
    func neverSent() throws {
        let isMeasured = DispatchSemaphore(value: 0)
        defer { isMeasured.signal() }
        _ = try FakeServer(.unixDatagram(path)) { _ in
            isMeasured.wait()
            return []
        }
        let measurement = try measure(["--dgram", "-c", "1", "-n", "10", "--rate", "1000", "--timeout", "0.2", path])
        #expect(measurement.tally[.unanswered] == 10)
        #expect(measurement.tally.isAllFailed)
    }

    @Test("a stall shows with its whole length in an open loop")
    func stall() throws {
        let measurement = try measure("-P", "100", "-n", "100", "--rate", "500") { peer in
            for _ in 0..<100 { _ = try peer.receiveRecord() }
            for _ in 0..<100 { try peer.send(record("at last", "")) }
            return try peer.receiveAll()
        }
        let latencies = measurement.tally.latencies
        #expect(measurement.tally.replies == 100)
        // The first was due 99/500 s before the last, and all were answered after that one.
        #expect(latencies.maximum >= 198_000_000)
        #expect(latencies.percentile(50) >= 98_000_000)
    }

    @Test("a datagram that is lost, while the others are answered")
    func lostDatagram() throws {
        let request = try RecordCodec(Options()).request
        let server = try FakeServer(.unixDatagram(path)) { peer in
            for index in 0..<10 {
                let received = try peer.answerDatagram { _ in index == 3 ? nil : record("hi", "") }
                #expect(received == request)
            }
            return []
        }
        let measurement = try measure(["--dgram", "-c", "2", "-n", "10", "--timeout", "2", path])
        #expect(try server.finish().isEmpty)
        #expect(measurement.tally.replies == 9)
        #expect(measurement.tally[.unanswered] == 1)
    }

    @Test("a datagram that is no whole record")
    func malformedDatagram() throws {
        let server = try FakeServer(.unixDatagram(path)) { peer in
            try peer.answerDatagram { _ in Array(record("hi", "").dropLast()) }
        }
        let measurement = try measure(["--dgram", "-c", "1", "-n", "1", path])
        #expect(try server.finish() == RecordCodec(Options()).request)
        #expect(measurement.tally[.malformed] == 1)
    }

    @Test("a server that goes away, which ends the run")
    func unreachable() throws {
        let measurement = try measure("--duration", "1000") { peer in try peer.receiveRecord() }
        #expect(measurement.ending == .unreachable)
        #expect(measurement.tally[.connect] == 20)
        #expect(measurement.tally[.short] == 1)
    }

    /// Runs the generator with one connection against a server that takes one connection.
    private func measure(
        _ arguments: String..., script: @escaping @Sendable (Peer) throws -> [UInt8]
    ) throws -> Measurement {
        let server = try FakeServer(.unix(path), script: script)
        let measurement = try measure(["-c", "1"] + arguments + [path])
        _ = try server.finish()
        return measurement
    }

    private func measure(_ arguments: [String]) throws -> Measurement {
        let request = try Options.parse(["--quiet", "--warmup", "0"] + arguments)
        guard case .run(let options) = request else { throw UsageError(reason: "the options ask for no run") }
        var generator = try LoadGenerator(options, endpoint: Endpoint(options), codec: RecordCodec(options))
        return generator.run()
    }
}
