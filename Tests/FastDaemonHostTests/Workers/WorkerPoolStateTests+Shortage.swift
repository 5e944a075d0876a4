import Testing

@testable import FastDaemonHost

/// Workers that cannot be started because the machine has no room for them.
extension WorkerPoolStateTests {
    @Test("A start for which there is no room is no crash, is tried again after a while, and refuses who has no worker")
    func shortage() {
        var state = Self.pool(1)
        #expect(state.enter(1, command: "c", at: 0) == .run(in: 1))
        #expect(Self.leave(&state, 1, 1).isEmpty)
        #expect(Self.texts(state.noteEnd(1, at: 0).1) == ["start 2"])
        #expect(state.enter(2, command: "c", at: 0) == .wait)
        #expect(state.enqueue("two", ticket: 2, command: "c", at: 0).isEmpty)
        var now: UInt64 = 0
        for (number, pause) in [1, 2, 4, 8, 16, 20, 20, 20].enumerated() as EnumeratedSequence<[UInt64]> {
            let refused = Self.texts(state.noteShortage(number + 2, at: now))
            #expect(refused == (number == 0 ? ["refuse two"] : []))
            #expect(state.nextDeadline == now + pause * Self.second / 10)
            #expect(state.enter(3, command: "c", at: now) == .refused)
            now += pause * Self.second / 10
            #expect(state.tick(at: now - 1).isEmpty)
            #expect(Self.texts(state.tick(at: now)) == ["start \(number + 3)"])
        }
        #expect(state.enter(4, command: "c", at: now) == .wait)
        #expect(state.enqueue("four", ticket: 4, command: "c", at: now).isEmpty)
        #expect(Self.texts(state.noteLoaded(10, at: now)) == ["run four in 10"])
        #expect(state.breaker.crashCount == 1, "the first worker's")
        #expect(state.breaker.phase == .closed)
    }

    @Test("It leaves those that wait to the workers that are there")
    func partialShortage() {
        var state = Self.pool(2)
        for ticket in 1...2 as ClosedRange<UInt64> {
            #expect(state.enter(ticket, command: "c", at: 0) == .run(in: Int(ticket)))
        }
        #expect(Self.leave(&state, 1, 1).isEmpty)
        #expect(Self.texts(state.noteEnd(1, at: 0).1) == ["start 3"])
        #expect(state.enter(3, command: "c", at: 0) == .wait)
        #expect(state.enqueue("three", ticket: 3, command: "c", at: 0).isEmpty)
        #expect(state.noteShortage(3, at: 0).isEmpty)
        #expect(Self.leave(&state, 2, 2) == ["run three in 2"])
    }
}
