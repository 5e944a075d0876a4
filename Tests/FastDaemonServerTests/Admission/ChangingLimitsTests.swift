import Testing

@testable import FastDaemonServer

@Suite("Admission that changes while calls run") struct ChangingLimitsTests {
    @Test("gates come and go, also one at which the last call gave up while it was in turn")
    func gates() {
        var admission = TestAdmission(limit: 1, gates: [(1, 1), (1, 1)])
        #expect(admission.enter(1) == .run)
        let ticket = admission.wait("a", at: 0)
        #expect(admission.abandon(ticket, at: 0) == "a")
        #expect(admission.state.remove(admission.gates[0]) == [])
        admission.add(1, 1)
        admission.wait("b", at: 2)
        #expect(admission.leave(1) == "b")
        #expect(admission.abandon(ticket, at: 0) == nil)
    }

    @Test("a limit that is raised lets as many in as now may run")
    func raised() {
        var admission = TestAdmission(limit: 2, gates: [(1, 9), (1, 9)])
        #expect(admission.enter(0) == .run)
        for name in ["a1", "a2", "a3"] { admission.wait(name, at: 0) }
        #expect(
            admission.state.setLimits(of: admission.gates[0], limit: 3, waitingLimit: 9, countsGlobally: true) == ["a1"]
        )
        admission.wait("b", at: 1)
        #expect(admission.state.setLimit(4) == ["b", "a2"])
        #expect(admission.leave(0) == "a3")
    }

    @Test("a limit that is lowered ends nothing, and lets nothing in until there is room under it")
    func lowered() {
        var admission = TestAdmission(limit: 4, gates: [(4, 9)])
        for _ in 0..<4 { #expect(admission.enter(0) == .run) }
        for name in ["a", "b", "c"] { admission.wait(name, at: 0) }
        #expect(
            admission.state.setLimits(of: admission.gates[0], limit: 2, waitingLimit: 1, countsGlobally: true) == [])
        #expect(admission.enter(0) == .busy(running: 4, waiting: 3))
        #expect((0..<4).map { _ in admission.leave(0) } == [nil, nil, "a", "b"])
        #expect(admission.state.setLimit(1) == [])
        #expect((0..<2).map { _ in admission.leave(0) } == [nil, "c"])
    }

    @Test("the place that was kept for a gate is free when the gate is gone")
    func keptForNobody() {
        var admission = TestAdmission(limit: 8, gates: [(100, 100), (100, 100)])
        while admission.enter(0) == .run {}
        admission.wait("a", at: 0)
        // That was entered once more, by the loop, and its place is not taken.
        #expect(admission.state.running == 7)
        #expect(admission.state.remove(admission.gates[1]) == ["a"])
    }

    @Test("no place is kept for a plugin whose calls take none any more")
    func noPlaceNeeded() {
        var admission = TestAdmission(limit: 8, gates: [(100, 100), (100, 100)])
        while admission.enter(0) == .run {}
        admission.wait("a", at: 0)
        let changed = admission.state.setLimits(
            of: admission.gates[1], limit: 100, waitingLimit: 100, countsGlobally: false)
        #expect(changed == ["a"])
    }

    @Test("a gate is there as long as somebody holds it")
    func handle() {
        let admission = Admission(limit: 8)
        let staying = admission.addGate(limit: 100, waitingLimit: 0)
        var passing: Gate? = admission.addGate(limit: 1, waitingLimit: 0)
        #expect(passing?.enter(WaitingCall(), ticket: 0) == .running)
        passing?.leave()
        for ticket in UInt64(1)...7 { #expect(staying.enter(WaitingCall(), ticket: ticket) == .running) }
        #expect(staying.enter(WaitingCall(), ticket: 8) == .busy(running: 7, waiting: 0))
        passing = nil
        #expect(staying.enter(WaitingCall(), ticket: 9) == .running)
        for _ in 1...8 { staying.leave() }
        #expect(admission.counts.running == 0)
    }
}
