import Testing

@testable import FastDaemonServer

@Suite("The fairness of admission") struct FairnessTests {
    @Test("each plugin has its turn, however many calls of another wait")
    func roundRobin() {
        var admission = TestAdmission(limit: 1, gates: Array(repeating: (1, 9), count: 3))
        #expect(admission.enter(0) == .run)
        let calls = [("a1", 0), ("a2", 0), ("a3", 0), ("b1", 1), ("b2", 1), ("c1", 2)]
        for (name, gate) in calls { admission.wait(name, at: gate) }
        var running = 0
        var order: [String] = []
        while let next = admission.leave(running) {
            order.append(next)
            running = calls.first { $0.0 == next }!.1
        }
        #expect(order == ["b1", "c1", "a1", "b2", "a2", "a3"])
    }

    @Test("a place that comes free goes to the plugin of which the fewest calls run")
    func fewest() {
        var admission = TestAdmission(limit: 6, gates: [(6, 20), (6, 20)])
        for _ in 0..<6 { #expect(admission.enter(0) == .run) }
        for _ in 0..<10 { admission.wait("a", at: 0) }
        for _ in 0..<10 { admission.wait("b", at: 1) }
        #expect((0..<3).map { _ in admission.leave(0) } == ["b", "b", "b"])
        #expect(admission[1].running == 3)
        // Now as many run of one as of the other, and they stay so.
        #expect(admission.leave(0) == "a")
        #expect(admission.leave(1) == "b")
        #expect(admission.leave(0) == "a")
    }

    @Test("a plugin of which nothing runs comes in at once, whatever another has taken")
    func kept() {
        var admission = TestAdmission(limit: 16, gates: [(100, 100), (100, 100), (100, 100), (100, 100)])
        var running = 0
        while admission.enter(0) == .run { running += 1 }
        #expect(running == 14, "an eighth is kept for the others")
        admission.wait("a", at: 0)
        #expect(admission.enter(1) == .run)
        admission.wait("b", at: 1)
        #expect(admission.enter(2) == .run)
        admission.wait("c", at: 2)
        #expect(admission.state.running == 16)
        admission.wait("d", at: 3)
        #expect(admission.leave(0) == "d", "of which none runs")
    }

    @Test("no place is kept where all plugins have some, nor in a small daemon")
    func notKept() {
        var admission = TestAdmission(limit: 16, gates: [(100, 0), (100, 0)])
        #expect(admission.enter(1) == .run)
        for _ in 0..<15 { #expect(admission.enter(0) == .run) }
        #expect(admission.enter(0) == .busy(running: 15, waiting: 0))
        var small = TestAdmission(limit: 7, gates: [(100, 0), (100, 0)])
        for _ in 0..<7 { #expect(small.enter(0) == .run) }
        #expect(small.enter(0) == .busy(running: 7, waiting: 0))
    }

    @Test("a plugin whose calls are all stuck is one of which nothing runs")
    func stuck() {
        var admission = TestAdmission(limit: 8, gates: [(100, 100), (100, 100)])
        #expect(admission.enter(1) == .run)
        #expect(admission.state.noteOverdue(admission.gates[1]) == nil)
        while admission.enter(0) == .run {}
        #expect(admission.state.running == 7)
        #expect(admission.enter(1) == .run)
    }

    @Test("a hundred thousand that wait and give up cost no more than a few")
    func flood() {
        let count: UInt64 = 100_000
        var line = WaitingLine<UInt64>()
        for ticket in 0..<count { line.append(ticket, ticket: ticket) }
        // The last first: a search from the front would take five thousand million steps.
        for ticket in (1..<count).reversed() { #expect(line.remove(ticket) == ticket) }
        #expect(line.count == 1)
        for round in 0..<count {
            line.append(round, ticket: count + round)
            #expect(line.remove(count + round) == round)
        }
        #expect(line.popFirst() == 0)
        #expect(line.popFirst() == nil)
    }

    @Test("a line keeps its order where some give up in between")
    func line() {
        var line = WaitingLine<UInt64>()
        for ticket in UInt64(0)..<100 { line.append(ticket, ticket: ticket) }
        for ticket in UInt64(0)..<100 where ticket % 3 != 0 { #expect(line.remove(ticket) == ticket) }
        #expect(line.remove(1) == nil)
        var order: [UInt64] = []
        while let next = line.popFirst() {
            order.append(next)
            if next == 30 { line.append(500, ticket: 500) }
        }
        #expect(order == (0..<100).filter { $0 % 3 == 0 } + [500])
    }
}
