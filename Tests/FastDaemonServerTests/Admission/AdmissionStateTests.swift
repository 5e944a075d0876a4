import Synchronization
import Testing

@testable import FastDaemonServer

/// An admission whose waiters are names, with gates that are called by their number.
struct TestAdmission {
    var state: AdmissionState<String>
    var gates: [AdmissionState<String>.Gate] = []
    private var lastTicket: UInt64 = 0

    /// - Parameter gates: how many calls may run, and wait, at each.
    init(limit: Int, gates: [(limit: Int, waitingLimit: Int)], countGlobally: Bool = true) {
        state = AdmissionState(limit: limit)
        for gate in gates { add(gate.limit, gate.waitingLimit, countGlobally: countGlobally) }
    }

    mutating func add(_ limit: Int, _ waitingLimit: Int, countGlobally: Bool = true) {
        gates.append(state.addGate(limit: limit, waitingLimit: waitingLimit, countsGlobally: countGlobally))
    }

    mutating func enter(_ gate: Int, countsGlobally: Bool = true) -> AdmissionState<String>.Decision {
        state.enter(gates[gate], countsGlobally: countsGlobally)
    }

    /// Enters a call that has to wait. Returns its ticket.
    @discardableResult
    mutating func wait(_ name: String, at gate: Int, countsGlobally: Bool = true) -> UInt64 {
        #expect(enter(gate, countsGlobally: countsGlobally) == .wait)
        lastTicket += 1
        state.enqueue(name, ticket: lastTicket, at: gates[gate], countsGlobally: countsGlobally)
        return lastTicket
    }

    mutating func leave(_ gate: Int, countsGlobally: Bool = true, wasOverdue: Bool = false) -> String? {
        state.leave(gates[gate], countsGlobally: countsGlobally, wasOverdue: wasOverdue)
    }

    mutating func abandon(_ ticket: UInt64, at gate: Int) -> String? { state.abandon(ticket, at: gates[gate]) }

    subscript(gate: Int) -> AdmissionState<String>.Gate { gates[gate] }
}

/// What enters a gate, and is told whether it may run.
final class WaitingCall: Admittable {
    private let told = Mutex<[Bool]>([])

    var turns: [Bool] { told.withLock { $0 } }

    func noteTurn(mayRun: Bool) {
        told.withLock { $0.append(mayRun) }
    }
}

@Suite("The admission of calls") struct AdmissionStateTests {
    @Test("lets so many calls of a plugin run, has so many wait, and turns the rest away")
    func gate() {
        var admission = TestAdmission(limit: 10, gates: [(2, 1)])
        #expect(admission.enter(0) == .run)
        #expect(admission.enter(0) == .run)
        admission.wait("a", at: 0)
        #expect(admission.enter(0) == .busy(running: 2, waiting: 1))
        #expect(admission[0].running == 2)
        #expect(admission[0].waitingCount == 1)
    }

    @Test("counts the calls of all plugins together, too")
    func whole() {
        var admission = TestAdmission(limit: 2, gates: [(2, 0), (2, 5)])
        #expect(admission.enter(0) == .run)
        #expect(admission.enter(1) == .run)
        #expect(admission.enter(0) == .busy(running: 1, waiting: 0))
        admission.wait("b", at: 1)
        #expect(admission.state.running == 2)
        #expect(admission.leave(0) == "b")
        #expect(admission.state.running == 2)
        #expect(admission.leave(1) == nil)
        #expect(admission.enter(1) == .run)
    }

    @Test("one plugin's full gate does not hold up another's calls")
    func otherGate() {
        var admission = TestAdmission(limit: 3, gates: [(1, 1), (1, 1)])
        #expect(admission.enter(0) == .run)
        admission.wait("a", at: 0)
        #expect(admission.enter(1) == .run)
        #expect(admission.leave(1) == nil, "the one that waits has no room at its own gate")
        #expect(admission.leave(0) == "a")
        #expect(admission.state.running == 1)
    }

    @Test("those that wait at a gate run in the order in which they came")
    func order() {
        var admission = TestAdmission(limit: 1, gates: [(1, 3)])
        #expect(admission.enter(0) == .run)
        for name in ["a", "b", "c"] { admission.wait(name, at: 0) }
        #expect((0..<4).map { _ in admission.leave(0) } == ["a", "b", "c", nil])
        #expect(admission.state.running == 0)
    }

    @Test("a call that gives up leaves its place, once, and its turn goes to the next")
    func abandon() {
        var admission = TestAdmission(limit: 1, gates: [(1, 2)])
        #expect(admission.enter(0) == .run)
        let first = admission.wait("a", at: 0)
        let second = admission.wait("b", at: 0)
        #expect(admission.abandon(first, at: 0) == "a")
        #expect(admission.abandon(first, at: 0) == nil)
        #expect(admission[0].waitingCount == 1)
        #expect(admission.leave(0) == "b")
        #expect(admission.abandon(second, at: 0) == nil, "its turn has come")
    }

    @Test("calls that take no thread of the daemon's need no place of its own")
    func ungated() {
        var admission = TestAdmission(limit: 1, gates: [(1, 1)])
        admission.add(2, 1, countGlobally: false)
        #expect(admission.enter(0) == .run)
        #expect(admission.enter(1, countsGlobally: false) == .run)
        #expect(admission.enter(1, countsGlobally: false) == .run)
        admission.wait("b", at: 1, countsGlobally: false)
        #expect(admission.state.running == 1)
        #expect(admission.leave(1, countsGlobally: false) == "b")
        admission.wait("a", at: 0)
        #expect(admission.leave(1, countsGlobally: false) == nil, "that was no place of the daemon's")
        #expect(admission.state.noteOverdue(admission.gates[1], countsGlobally: false) == nil)
        #expect(admission.leave(1, countsGlobally: false, wasOverdue: true) == nil)
        #expect(admission.leave(0) == "a")
    }

    @Test("one gate may have calls of both kinds")
    func bothKinds() {
        var admission = TestAdmission(limit: 1, gates: [(2, 9), (1, 9)])
        #expect(admission.enter(1) == .run)
        admission.wait("pool", at: 0)
        // It came later, and does not wait for what it does not need.
        #expect(admission.enter(0, countsGlobally: false) == .run)
        #expect(admission.leave(0, countsGlobally: false) == nil)
        #expect(admission.leave(1) == "pool")
        #expect(admission.enter(0, countsGlobally: false) == .run)
        admission.wait("worker", at: 0, countsGlobally: false)
        #expect(admission.leave(0) == "worker")
        #expect(admission.state.running == 0)
        #expect(admission[0].running == 2)
    }

    @Test("a call that is overdue keeps its place at its gate, and gives up the daemon's")
    func overdue() {
        var admission = TestAdmission(limit: 2, gates: [(2, 1), (2, 2)])
        #expect(admission.enter(0) == .run)
        #expect(admission.enter(0) == .run)
        admission.wait("b1", at: 1)
        admission.wait("b2", at: 1)
        #expect(admission.state.noteOverdue(admission.gates[0]) == "b1")
        #expect(admission.state.noteOverdue(admission.gates[0]) == "b2")
        #expect(admission[0].running == 2)
        #expect(admission[0].overdue == 2)
        admission.wait("a", at: 0)
        #expect(admission.leave(1) == nil, "the one that waits has no room at its own gate")
        #expect(admission.leave(0, wasOverdue: true) == "a")
        #expect(admission.state.running == 2)
        #expect(admission.leave(0, wasOverdue: true) == nil)
        #expect(admission[0].overdue == 0)
        #expect(admission.leave(0) == nil)
        #expect(admission.leave(1) == nil)
        #expect(admission.state.running == 0)
    }

    @Test("a call that is turned away is told how many run and wait, and one that waits how that ended")
    func entries() {
        let admission = Admission(limit: 1)
        let gate = admission.addGate(limit: 1, waitingLimit: 1)
        let (first, second, third) = (WaitingCall(), WaitingCall(), WaitingCall())
        #expect(gate.enter(first, ticket: 1) == .running)
        #expect(gate.enter(second, ticket: 2) == .waiting)
        #expect(gate.enter(third, ticket: 3) == .busy(running: 1, waiting: 1))
        #expect(gate.counts == Gate.Counts(running: 1, overdue: 0, waiting: 1, limit: 1))
        #expect(admission.counts == (running: 1, limit: 1))
        gate.leave()
        #expect(gate.enter(third, ticket: 4) == .waiting)
        gate.abandon(4)
        #expect([first, second, third].map(\.turns) == [[], [true], [false]])
        gate.noteOverdue()
        #expect(gate.counts.overdue == 1)
        #expect(admission.counts.running == 0)
        gate.leave(wasOverdue: true)
        #expect(gate.counts.running == 0)
    }
}
