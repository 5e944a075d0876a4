/// Which calls run, which wait for their turn, and which are turned away: at most so many at once in the whole daemon, and of
/// each plugin. Pure.
///
/// Each plugin has a gate of its own, and places behind it. A flood at one gate leaves the others alone: a place that comes
/// free goes to the gate of which the fewest calls run, and an eighth of the daemon's places is kept for those of which none
/// does.
struct AdmissionState<Waiter> {
    /// Names a gate. No two gates ever have the same.
    struct GateID: Hashable {
        fileprivate let number: UInt64
    }

    enum Decision: Equatable {
        case run
        case wait
        case busy(running: Int, waiting: Int)
    }

    private(set) var gates: [GateID: Gate] = [:]
    private var lastGate: UInt64 = 0

    /// How many calls may run at once in the whole daemon, and how many do that count there. Overdue calls do not.
    private(set) var limit: Int
    private(set) var running = 0

    /// The gates whose calls want places of the daemon's, and have none.
    private var quietGates = 0

    /// The gates where calls wait that have room, the one first that had its turn longest ago.
    private var ready: [GateID] = []

    init(limit: Int) {
        self.limit = limit
    }

    // MARK: - Gates

    /// - Parameters:
    ///   - limit: how many of its calls may run at once.
    ///   - waitingLimit: how many more may wait.
    ///   - countsGlobally: whether there are some that count against the limit of the whole daemon, too.
    mutating func addGate(limit: Int, waitingLimit: Int, countsGlobally: Bool) -> GateID {
        lastGate += 1
        let id = GateID(number: lastGate)
        gates[id] = Gate(limit: limit, waitingLimit: waitingLimit, countsGlobally: countsGlobally)
        if gates[id]!.isQuiet { quietGates += 1 }
        return id
    }

    /// Takes a gate away behind which nothing runs or waits.
    ///
    /// - Returns: those that run now, because no place is kept for it any more.
    mutating func removeGate(_ id: GateID) -> [Waiter] {
        guard let gate = gates[id] else { return [] }
        precondition(gate.running == 0 && gate.waitingCount == 0, "a gate is removed behind which calls are")
        gates[id] = nil
        if gate.isQuiet { quietGates -= 1 }
        return admitAll()
    }

    /// Calls over a new limit that run already, or wait, go on. Returns those that run now.
    mutating func setLimits(of id: GateID, limit: Int, waitingLimit: Int, countsGlobally: Bool) -> [Waiter] {
        change(id) { gate in
            gate.limit = limit
            gate.waitingLimit = waitingLimit
            gate.countsGlobally = countsGlobally
        }
        list(id)
        return admitAll()
    }

    /// The same for the whole daemon.
    mutating func setLimit(_ limit: Int) -> [Waiter] {
        self.limit = limit
        return admitAll()
    }

    // MARK: - Calls

    /// A call wants to run. Where it has to wait, `enqueue` is to follow.
    ///
    /// - Parameter countsGlobally: whether it counts against the limit of the whole daemon, too.
    mutating func enter(_ id: GateID, countsGlobally: Bool = true) -> Decision {
        let gate = gates[id]!
        if mayRun(gate, countsGlobally) {
            begin(id, countsGlobally)
            return .run
        }
        return gate.waitingCount < gate.waitingLimit
            ? .wait : .busy(running: gate.running, waiting: gate.waitingCount)
    }

    mutating func enqueue(_ waiter: Waiter, ticket: UInt64, at id: GateID, countsGlobally: Bool = true) {
        gates[id]!.line.append((waiter, countsGlobally), ticket: ticket)
        list(id)
    }

    /// A call has ended. Returns the one that runs now in its place, if one waited.
    ///
    /// - Parameter wasOverdue: whether `noteOverdue` was told of it.
    mutating func leave(_ id: GateID, countsGlobally: Bool = true, wasOverdue: Bool = false) -> Waiter? {
        if countsGlobally, !wasOverdue { giveUpPlace(of: id) }
        if wasOverdue { gates[id]!.overdue -= 1 }
        gates[id]!.running -= 1
        list(id)
        return admit()
    }

    /// A call goes on although nobody waits for it any more: it keeps its place behind its own gate, and no other. Returns the
    /// one that runs now.
    mutating func noteOverdue(_ id: GateID, countsGlobally: Bool = true) -> Waiter? {
        if countsGlobally { giveUpPlace(of: id) }
        gates[id]!.overdue += 1
        return admit()
    }

    /// A call that waits gives up. Returns its waiter, unless its turn had come already.
    mutating func abandon(_ ticket: UInt64, at id: GateID) -> Waiter? {
        gates[id]?.line.remove(ticket)?.waiter
    }

    /// Those who may run now that one behind this gate gave up, or left more room than one call takes.
    mutating func admitWaiting(at id: GateID) -> [Waiter] {
        if gates[id] == nil { return [] }
        list(id)
        return admitAll()
    }

    // MARK: - Turns

    private func mayRun(_ gate: Gate, _ countsGlobally: Bool) -> Bool {
        guard gate.running < gate.limit else { return false }
        guard countsGlobally else { return true }
        let kept = gate.places == 0 ? 0 : min(limit / 8, quietGates)
        return running + kept < limit
    }

    private mutating func begin(_ id: GateID, _ countsGlobally: Bool) {
        gates[id]!.running += 1
        if !countsGlobally { return }
        running += 1
        change(id) { $0.places += 1 }
    }

    private mutating func giveUpPlace(of id: GateID) {
        running -= 1
        change(id) { $0.places -= 1 }
    }

    /// Changes what makes a gate a quiet one, or not.
    private mutating func change(_ id: GateID, _ body: (inout Gate) -> Void) {
        if gates[id]!.isQuiet { quietGates -= 1 }
        body(&gates[id]!)
        if gates[id]!.isQuiet { quietGates += 1 }
    }

    private mutating func list(_ id: GateID) {
        let gate = gates[id]!
        guard !gate.isListed, gate.waitingCount > 0, gate.running < gate.limit else { return }
        gates[id]!.isListed = true
        ready.append(id)
    }

    /// Has the next call run, if there is room for one: of the gates where calls wait, the one of which the fewest run, and
    /// each in turn of those of which equally many do.
    private mutating func admit() -> Waiter? {
        var best: (index: Int, running: Int)?
        var index = 0
        while index < ready.count {
            let id = ready[index]
            guard let gate = gates[id], gate.running < gate.limit, let next = gates[id]!.line.first else {
                gates[id]?.isListed = false
                ready.remove(at: index)
                continue
            }
            let active = gate.running - gate.overdue
            if active < best?.running ?? .max, mayRun(gate, next.countsGlobally) { best = (index, active) }
            index += 1
        }
        guard let best else { return nil }
        let id = ready.remove(at: best.index)
        gates[id]!.isListed = false
        let next = gates[id]!.line.popFirst()!
        begin(id, next.countsGlobally)
        list(id)
        return next.waiter
    }

    private mutating func admitAll() -> [Waiter] {
        var waiters: [Waiter] = []
        while let waiter = admit() { waiters.append(waiter) }
        return waiters
    }
}

extension AdmissionState {
    /// The places of one plugin's calls, and who waits for one.
    struct Gate {
        fileprivate(set) var limit: Int
        fileprivate(set) var waitingLimit: Int
        fileprivate(set) var countsGlobally: Bool

        /// The calls that have not ended, and those of them that are overdue.
        fileprivate(set) var running = 0
        fileprivate(set) var overdue = 0

        /// How many of the daemon's places its calls have.
        fileprivate(set) var places = 0

        fileprivate var line = WaitingLine<(waiter: Waiter, countsGlobally: Bool)>()
        fileprivate var isListed = false

        /// Whether a place is kept for it.
        fileprivate var isQuiet: Bool { countsGlobally && places == 0 }

        var waitingCount: Int { line.count }

        fileprivate init(limit: Int, waitingLimit: Int, countsGlobally: Bool) {
            self.limit = limit
            self.waitingLimit = waitingLimit
            self.countsGlobally = countsGlobally
        }
    }
}
