import FastDaemonHost
import TestSupport
import Testing

@testable import FastDaemonServer

@Suite("The slowest calls") struct SlowCallsTests {
    private static let second: UInt64 = 1_000_000_000
    private static let minute = 60 * second

    private static func call(_ id: UInt64, took ran: UInt64, at end: UInt64, _ command: String = "a") -> SlowCall {
        SlowCall(
            id: id, command: command, caller: Caller(transport: 0, address: "p"), status: 0, received: end - ran,
            queued: 0, ran: ran)
    }

    @Test("are those that an exact sorting finds", arguments: [1, 2, 3] as [UInt64])
    func random(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var state = SlowCallsState()
        var all: [SlowCall] = []
        for id in 0..<2_000 {
            let ran = UInt64.random(in: 1...1_000_000, using: &random) * 1_000 + UInt64(id) % 1_000
            let call = Self.call(UInt64(id), took: ran, at: 100 * Self.minute + UInt64(id) * Self.second)
            all.append(call)
            state.note(call)
        }
        let exact = all.sorted { $0.total > $1.total }.prefix(SlowCallsState.capacity)
        #expect(state.slowest(at: 135 * Self.minute) == Array(exact))
    }

    @Test("are forgotten after an hour, and no sooner")
    func hour() {
        var state = SlowCallsState()
        state.note(Self.call(1, took: 50 * Self.second, at: 100 * Self.minute))
        state.note(Self.call(2, took: Self.second, at: 159 * Self.minute))
        #expect(state.slowest(at: 160 * Self.minute).map(\.id) == [1, 2])
        #expect(state.slowest(at: 160 * Self.minute + 1).map(\.id) == [2])
        state.note(Self.call(3, took: Self.second / 2, at: 300 * Self.minute))
        #expect(state.slowest(at: 300 * Self.minute).map(\.id) == [3])
    }

    @Test("are looked at more closely only where they are slower than the fastest that is kept")
    func threshold() {
        let slow = SlowCalls()
        #expect(slow.wants(1, end: 10))
        for id in 1...40 { slow.note(Self.call(UInt64(id), took: UInt64(id) * 10, at: Self.minute)) }
        // 32 are kept: those that took 90 and more.
        #expect(!slow.wants(90, end: Self.minute))
        #expect(slow.wants(91, end: Self.minute))
        #expect(slow.wants(1, end: 16 * Self.minute), "another quarter of an hour begins")
    }

    @Test("can be those of one command")
    func command() {
        var state = SlowCallsState()
        state.note(Self.call(1, took: 5, at: 100, "a"))
        state.note(Self.call(2, took: 6, at: 100, "b"))
        #expect(state.slowest(at: 200, of: "a").map(\.id) == [1])
        #expect(state.slowest(at: 200, of: "c") == [])
    }
}
