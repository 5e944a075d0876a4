import Foundation
import TestSupport
import Testing

/// What a request allocates, after as many were served before: nothing, but where a connection comes with it.
///
/// Where there is more, `FASTDAEMON_TRACED_ALLOCATIONS=20` has the output of each test say where the first so many are.
@Suite(
    "Allocations a request", .serialized, .ownThread, .timeLimit(.minutes(20)), .enabled(if: Compiler.c != nil, "no cc")
)
struct AllocationTests {
    private let daemon: CountedDaemon

    init() throws {
        daemon = try CountedDaemon(DaemonConfiguration(plugins: ["Echo"], limits: ["firstRecordSeconds": 600]))
    }

    @Test("50 connections")
    func fifty() throws {
        let peers = try (0..<50).map { _ in try daemon.daemon.connect() }
        try expect(atMost: 0, requests: 20_000) { try Load.echo().run(400, over: peers) }
    }

    @Test("one connection")
    func one() throws {
        let peer = try daemon.daemon.connect()
        try expect(atMost: 0, requests: 5_000) { try Load.echo().run(5_000, over: [peer]) }
    }

    @Test("pipelined by 16")
    func pipelined() throws {
        let peer = try daemon.daemon.connect()
        try expect(atMost: 0, requests: 16_000) { try Load.echo().runPipelined(1_000, over: peer) }
    }

    @Test("1 KiB of input and output")
    func small() throws {
        let peer = try daemon.daemon.connect()
        try expect(atMost: 0, requests: 2_000) { try Load.echo(input: 1 << 10).run(2_000, over: [peer]) }
    }

    @Test("64 KiB of input and output")
    func large() throws {
        let peer = try daemon.daemon.connect()
        // Now and then a part of the input comes first, and is kept in a buffer until the rest is there.
        try expect(atMost: 0.1, requests: 1_000) { try Load.echo(input: 64 << 10).run(1_000, over: [peer]) }
    }

    @Test("a connection for each request")
    func separately() throws {
        // The connection, what its loop knows of it, and its exchange.
        try expect(atMost: 3.1, requests: 1_000) { try Load.echo().runSeparately(1_000, on: daemon.daemon) }
    }

    @Test("a concurrent command: how its call goes on; the call itself is used again")
    func concurrent() throws {
        let limits = ["firstRecordSeconds": 600.0]
        let daemon = try CountedDaemon(DaemonConfiguration(plugins: [concurrentEcho], limits: limits))
        let peers = try (0..<10).map { _ in try daemon.daemon.connect() }
        try expect(atMost: 1.2, requests: 5_000, of: daemon) { try Load.echo().run(500, over: peers) }
    }

    /// Does `body` twice, and expects the second time to allocate no more than so much a request.
    private func expect(
        atMost most: Double, requests: Int, of daemon: CountedDaemon? = nil, _ body: () throws -> Void
    ) throws {
        try body()
        let count = Double(try (daemon ?? self.daemon).allocations(body))
        print("allocations: \(count) for \(requests) requests, \(count / Double(requests)) each")
        // Once in a quarter of an hour the list of the slowest calls begins anew.
        #expect(count <= most * Double(requests) + 4)
    }
}
