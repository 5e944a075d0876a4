import Foundation
import TestSupport
import Testing

/// A request costs the same however much else there is.
@Suite(
    "Cost that does not grow", .serialized, .ownThread, .timeLimit(.minutes(20)),
    .enabled(if: Compiler.c != nil, "no cc"),
    .enabled(if: isInstalled("strace"), "strace is not installed"))
struct GrowthTests {
    init() { allowManyDescriptors() }

    private static let limits: [String: Double] = [
        "connections": 12_000, "firstRecordSeconds": 600, "idleSeconds": 600,
    ]

    /// What 2,000 requests over one connection cost. The next comes when the last is answered, so each is waited for once.
    private func cost(of load: Load, on counted: CountedDaemon) throws -> (allocations: Int, calls: Int) {
        let peer = try counted.daemon.connect()
        try load.run(2_000, over: [peer])
        let allocations = try counted.allocations { try load.run(2_000, over: [peer]) }
        let calls = try SystemCalls(of: counted.daemon) { try load.run(2_000, over: [peer]) }
        print("2,000 requests: \(allocations) allocations, \(calls)")
        return (allocations, calls.total)
    }

    /// No more, but for a block that grows once, and what strace sees of its own beginning and end.
    private func expect(_ cost: (allocations: Int, calls: Int), isThatOf other: (allocations: Int, calls: Int)) {
        #expect(cost.allocations <= other.allocations + 20)
        #expect(cost.calls <= other.calls + 100)
    }

    @Test("with 1,000 commands as with one")
    func commands() throws {
        func daemon(_ count: Int) throws -> CountedDaemon {
            let plugin = #"{ "library": "libmany.so", "options": { "commands": \#(count) } }"#
            return try CountedDaemon(
                DaemonConfiguration(plugins: [plugin], limits: Self.limits), fixtures: ["many"])
        }
        let few = try cost(of: .many(0), on: daemon(1))
        let many = try daemon(1_000)
        for index in [0, 500, 999] { expect(try cost(of: .many(index), on: many), isThatOf: few) }
    }

    @Test(
        "with 10,000 idle connections as with 50, and these hold at most 6 MiB; after 10,000,000 requests as after 2,000"
    )
    func connections() throws {
        let counted = try CountedDaemon(DaemonConfiguration(plugins: ["Echo"], limits: Self.limits))
        var idle = try (0..<50).map { _ in try counted.daemon.connect() }
        let first = try cost(of: .echo(), on: counted)

        let before = counted.allocated.bytes
        while idle.count < 10_000 { idle.append(try counted.daemon.connect()) }
        // The last of them is in once one that came later is served.
        #expect(try counted.daemon.ask("echo last") == Reply("last\n"))
        let held = counted.allocated.bytes - before
        print("\(idle.count) idle connections: \(held) bytes more")
        // An idle connection has no task.
        #expect(held <= 6 << 20)
        expect(try cost(of: .echo(), on: counted), isThatOf: first)

        idle.removeAll()
        let generator = try ReleaseBuild.path("fastdaemon_bench")
        let more = try run(
            generator,
            ["-q", "--pipeline", "16", "--warmup", "0", "-n", "10000000", counted.daemon.folder.file("socket")],
            seconds: 300)
        #expect(more.status == .exited(0), "\(more.errorText)")
        expect(try cost(of: .echo(), on: counted), isThatOf: first)
    }
}
