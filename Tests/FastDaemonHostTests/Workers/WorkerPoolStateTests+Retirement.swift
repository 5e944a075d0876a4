import Testing

@testable import FastDaemonHost

/// How many workers there are beside those that serve.
extension WorkerPoolStateTests {
    /// A pool of one whose first worker takes no more calls: call 1 runs there beside call 2, whose caller is gone. Worker 2 serves.
    private func poolWithRetiringWorker(callsAtOnce: Int = 8) -> State {
        var state = Self.pool(1, callsAtOnce: callsAtOnce)
        for ticket in 1...2 as ClosedRange<UInt64> { #expect(state.enter(ticket, command: "c", at: 0) == .run(in: 1)) }
        #expect(Self.texts(state.forsake(2, grace: Self.second, at: 0)) == ["start 2"])
        #expect(state.noteLoaded(2, at: 0).isEmpty)
        for ticket in 3...4 as ClosedRange<UInt64> { #expect(state.enter(ticket, command: "c", at: 0) == .run(in: 2)) }
        return state
    }

    @Test("Where as many keep their calls already, one with a call that lost its caller serves on until it is alone")
    func boundedRetirement() {
        var state = poolWithRetiringWorker()
        #expect(state.forsake(4, grace: Self.second, at: 0).isEmpty, "no third process")
        #expect(state.enter(5, command: "c", at: 0) == .run(in: 2))
        #expect(Self.leave(&state, 2, 3).isEmpty)
        #expect(Self.leave(&state, 2, 5) == ["terminate 2", "start 3"])
    }

    @Test("Who waits does not keep such a one from ending")
    func waitingBehindForsaken() {
        var state = poolWithRetiringWorker(callsAtOnce: 2)
        #expect(state.forsake(4, grace: Self.second, at: 0).isEmpty)
        #expect(state.enter(5, command: "c", at: 0) == .wait)
        #expect(state.enqueue("five", ticket: 5, command: "c", at: 0).isEmpty)
        #expect(Self.leave(&state, 2, 3) == ["terminate 2", "start 3"])
        #expect(Self.texts(state.noteLoaded(3, at: 0)) == ["run five in 3"])
    }

    @Test("Such a one gets another call only where no other has room")
    func forsakenLast() {
        var state = Self.pool(2, callsAtOnce: 3)
        for ticket in 1...4 as ClosedRange<UInt64> { _ = state.enter(ticket, command: "c", at: 0) }
        #expect(Self.texts(state.forsake(3, grace: Self.second, at: 0)) == ["start 3"])
        #expect(Self.texts(state.forsake(4, grace: Self.second, at: 0)) == ["start 4"])
        for worker in 3...4 { #expect(state.noteLoaded(worker, at: 0).isEmpty) }
        let places = (5...8).map { state.enter($0, command: "c", at: 0) }
        #expect(places == [.run(in: 3), .run(in: 4), .run(in: 3), .run(in: 4)])
        #expect(state.forsake(5, grace: Self.second, at: 0).isEmpty)
        #expect(state.enter(9, command: "c", at: 0) == .run(in: 4), "though it has as many")
        #expect(state.enter(10, command: "c", at: 0) == .run(in: 3))
    }

    @Test("It takes no more calls as soon as another that did so has ended")
    func retirementInTurn() {
        var state = poolWithRetiringWorker()
        #expect(state.forsake(4, grace: Self.second, at: 0).isEmpty)
        #expect(Self.leave(&state, 1, 1) == ["terminate 1", "start 3"])
        #expect(state.noteLoaded(3, at: 0).isEmpty)
        #expect(state.enter(5, command: "c", at: 0) == .run(in: 3))
    }

    @Test("A worn one with calls that last is replaced when another has ended, an idle one at once")
    func boundedReplacement() {
        var state = Self.pool(1, callsAtOnce: 8, callsPerWorker: 2)
        for ticket in 1...2 as ClosedRange<UInt64> { #expect(state.enter(ticket, command: "c", at: 0) == .run(in: 1)) }
        #expect(Self.leave(&state, 1, 2) == ["start 2"])
        #expect(state.noteLoaded(2, at: 0).isEmpty)
        for ticket in 3...4 as ClosedRange<UInt64> { #expect(state.enter(ticket, command: "c", at: 0) == .run(in: 2)) }
        #expect(Self.leave(&state, 2, 4).isEmpty, "the first has a call still")
        #expect(state.enter(5, command: "c", at: 0) == .run(in: 2))
        #expect(Self.leave(&state, 2, 5).isEmpty)
        #expect(Self.leave(&state, 2, 3) == ["start 3"])
        #expect(Self.texts(state.noteLoaded(3, at: 0)) == ["stop 2"])
        #expect(Self.leave(&state, 1, 1) == ["stop 1"])
    }
}
