import Testing

@testable import FastDaemonServer

@Suite("The admission of calls") struct AdmissionStateTests {
    private typealias State = AdmissionState<String>

    /// Enters a call that has to wait.
    private static func wait(_ name: String, ticket: UInt64, at gate: Int, in state: inout State) {
        #expect(state.enter(gate) == .wait)
        state.enqueue(name, ticket: ticket, at: gate)
    }

    @Test("lets so many calls of a plugin run, has so many wait, and turns the rest away")
    func gate() {
        var state = State(limit: 10, gates: [(limit: 2, waitingLimit: 1)])
        #expect(state.enter(0) == .run)
        #expect(state.enter(0) == .run)
        Self.wait("a", ticket: 1, at: 0, in: &state)
        #expect(state.enter(0) == .busy(waiting: 1))
        #expect(state.gates[0].running == 2)
        #expect(state.gates[0].waitingCount == 1)
    }

    @Test("counts the calls of all plugins together, too")
    func whole() {
        var state = State(limit: 2, gates: [(limit: 2, waitingLimit: 0), (limit: 2, waitingLimit: 5)])
        #expect(state.enter(0) == .run)
        #expect(state.enter(1) == .run)
        #expect(state.enter(0) == .busy(waiting: 0))
        #expect(state.enter(1) == .wait)
        #expect(state.running == 2)
        #expect(state.leave(0) == nil)
        #expect(state.enter(1) == .run)
    }

    @Test("one plugin's full gate does not hold up another's calls")
    func otherGate() {
        var state = State(limit: 3, gates: [(limit: 1, waitingLimit: 1), (limit: 1, waitingLimit: 1)])
        #expect(state.enter(0) == .run)
        Self.wait("a", ticket: 1, at: 0, in: &state)
        #expect(state.enter(1) == .run)
        #expect(state.leave(1) == nil, "the one that waits has no room at its own gate")
        #expect(state.leave(0) == "a")
        #expect(state.running == 1)
    }

    @Test("those that wait at a gate run in the order in which they came")
    func order() {
        var state = State(limit: 1, gates: [(limit: 1, waitingLimit: 3)])
        #expect(state.enter(0) == .run)
        for (ticket, name) in ["a", "b", "c"].enumerated() {
            Self.wait(name, ticket: UInt64(ticket), at: 0, in: &state)
        }
        #expect([state.leave(0), state.leave(0), state.leave(0), state.leave(0)] == ["a", "b", "c", nil])
        #expect(state.running == 0)
    }

    @Test("each plugin has its turn, however many calls of another wait")
    func roundRobin() {
        var state = State(limit: 1, gates: Array(repeating: (limit: 1, waitingLimit: 9), count: 3))
        #expect(state.enter(0) == .run)
        let calls = [("a1", 0), ("a2", 0), ("a3", 0), ("b1", 1), ("b2", 1), ("c1", 2)]
        for (ticket, call) in calls.enumerated() {
            Self.wait(call.0, ticket: UInt64(ticket), at: call.1, in: &state)
        }
        var running = 0
        var order: [String] = []
        while let next = state.leave(running) {
            order.append(next)
            running = calls.first { $0.0 == next }!.1
        }
        #expect(order == ["b1", "c1", "a1", "b2", "a2", "a3"])
    }

    @Test("a call that gives up leaves its place, once, and its turn goes to the next")
    func abandon() {
        var state = State(limit: 1, gates: [(limit: 1, waitingLimit: 2)])
        #expect(state.enter(0) == .run)
        Self.wait("a", ticket: 1, at: 0, in: &state)
        Self.wait("b", ticket: 2, at: 0, in: &state)
        #expect(state.abandon(1, at: 0) == "a")
        #expect(state.abandon(1, at: 0) == nil)
        #expect(state.gates[0].waitingCount == 1)
        #expect(state.leave(0) == "b")
        #expect(state.abandon(2, at: 0) == nil, "its turn has come")
    }

    @Test("a call that is turned away gets to know how many wait, and comes in when one has left")
    func continuations() async {
        let admission = Admission(limit: 1, gates: [(limit: 1, waitingLimit: 0)])
        #expect(await admission.enter(0, ticket: 1) == .running)
        #expect(await admission.enter(0, ticket: 2) == .busy(waiting: 0))
        #expect(admission.counts(of: 0) == (running: 1, waiting: 0))
        admission.leave(0)
        #expect(await admission.enter(0, ticket: 3) == .running)
    }
}
