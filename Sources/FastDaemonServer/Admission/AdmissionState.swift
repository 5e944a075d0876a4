/// Which calls run, which wait for their turn, and which are turned away: at most so many at once in the whole daemon, and of
/// each plugin. Pure.
///
/// Each plugin has a gate of its own, and places behind it. A flood at one gate leaves the others alone: a place that comes
/// free goes to the gate of which the fewest calls run, and an eighth of the daemon's places is kept for those of which none
/// does.
struct AdmissionState<Waiter> {
    enum Decision: Equatable {
        case run
        case wait
        case busy(running: Int, waiting: Int)
    }

    /// How many calls may run at once in the whole daemon, and how many do that count there. Overdue calls do not.
    private(set) var limit: Int
    private(set) var running = 0

    /// The gates whose calls want places of the daemon's, and have none.
    private var quietGates = 0

    /// The gates where calls wait that have room, the one first that had its turn longest ago.
    private var ready: [Gate] = []

    init(limit: Int) {
        self.limit = limit
    }

    // MARK: - Gates

    /// - Parameters:
    ///   - limit: how many of its calls may run at once.
    ///   - waitingLimit: how many more may wait.
    ///   - countsGlobally: whether there are some that count against the limit of the whole daemon, too.
    mutating func addGate(limit: Int, waitingLimit: Int, countsGlobally: Bool) -> Gate {
        let gate = Gate(limit: limit, waitingLimit: waitingLimit, countsGlobally: countsGlobally)
        if gate.isQuiet { quietGates += 1 }
        return gate
    }

    /// Takes a gate away, once, behind which nothing runs or waits.
    ///
    /// - Returns: those that run now, because no place is kept for it any more.
    mutating func remove(_ gate: Gate) -> [Waiter] {
        precondition(gate.running == 0 && gate.waitingCount == 0, "a gate is removed behind which calls are")
        if gate.isQuiet { quietGates -= 1 }
        return admitAll()
    }

    /// Calls over a new limit that run already, or wait, go on. Returns those that run now.
    mutating func setLimits(of gate: Gate, limit: Int, waitingLimit: Int, countsGlobally: Bool) -> [Waiter] {
        change(gate) {
            gate.limit = limit
            gate.waitingLimit = waitingLimit
            gate.countsGlobally = countsGlobally
        }
        list(gate)
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
    mutating func enter(_ gate: Gate, countsGlobally: Bool = true) -> Decision {
        if mayRun(gate, countsGlobally) {
            begin(gate, countsGlobally)
            return .run
        }
        return gate.waitingCount < gate.waitingLimit
            ? .wait : .busy(running: gate.running, waiting: gate.waitingCount)
    }

    mutating func enqueue(_ waiter: Waiter, ticket: UInt64, at gate: Gate, countsGlobally: Bool = true) {
        gate.line.append((waiter, countsGlobally), ticket: ticket)
        list(gate)
    }

    /// A call has ended. Returns the one that runs now in its place, if one waited.
    ///
    /// - Parameter wasOverdue: whether `noteOverdue` was told of it.
    mutating func leave(_ gate: Gate, countsGlobally: Bool = true, wasOverdue: Bool = false) -> Waiter? {
        if countsGlobally, !wasOverdue { giveUpPlace(of: gate) }
        if wasOverdue { gate.overdue -= 1 }
        gate.running -= 1
        list(gate)
        return admit()
    }

    /// A call goes on although nobody waits for it any more: it keeps its place behind its own gate, and no other. Returns the
    /// one that runs now.
    mutating func noteOverdue(_ gate: Gate, countsGlobally: Bool = true) -> Waiter? {
        if countsGlobally { giveUpPlace(of: gate) }
        gate.overdue += 1
        return admit()
    }

    /// A call that waits gives up. Returns its waiter, unless its turn had come already.
    mutating func abandon(_ ticket: UInt64, at gate: Gate) -> Waiter? {
        gate.line.remove(ticket)?.waiter
    }

    /// Those who may run now that one behind this gate gave up, or left more room than one call takes.
    mutating func admitWaiting(at gate: Gate) -> [Waiter] {
        list(gate)
        return admitAll()
    }

    // MARK: - Turns

    private func mayRun(_ gate: Gate, _ countsGlobally: Bool) -> Bool {
        guard gate.running < gate.limit else { return false }
        guard countsGlobally else { return true }
        let kept = gate.places == 0 ? 0 : min(limit / 8, quietGates)
        return running + kept < limit
    }

    private mutating func begin(_ gate: Gate, _ countsGlobally: Bool) {
        gate.running += 1
        if !countsGlobally { return }
        running += 1
        change(gate) { gate.places += 1 }
    }

    private mutating func giveUpPlace(of gate: Gate) {
        running -= 1
        change(gate) { gate.places -= 1 }
    }

    /// Changes what makes a gate a quiet one, or not.
    private mutating func change(_ gate: Gate, _ body: () -> Void) {
        if gate.isQuiet { quietGates -= 1 }
        body()
        if gate.isQuiet { quietGates += 1 }
    }

    private mutating func list(_ gate: Gate) {
        guard !gate.isListed, gate.waitingCount > 0, gate.running < gate.limit else { return }
        gate.isListed = true
        ready.append(gate)
    }

    /// Has the next call run, if there is room for one: of the gates where calls wait, the one of which the fewest run, and
    /// each in turn of those of which equally many do.
    private mutating func admit() -> Waiter? {
        var best: (index: Int, running: Int)?
        var index = 0
        while index < ready.count {
            let gate = ready[index]
            guard gate.running < gate.limit, let next = gate.line.first else {
                gate.isListed = false
                ready.remove(at: index)
                continue
            }
            let active = gate.running - gate.overdue
            if active < best?.running ?? .max, mayRun(gate, next.countsGlobally) { best = (index, active) }
            index += 1
        }
        guard let best else { return nil }
        let gate = ready.remove(at: best.index)
        gate.isListed = false
        let next = gate.line.popFirst()!
        begin(gate, next.countsGlobally)
        list(gate)
        return next.waiter
    }

    private mutating func admitAll() -> [Waiter] {
        var waiters: [Waiter] = []
        while let waiter = admit() { waiters.append(waiter) }
        return waiters
    }
}

extension AdmissionState {
    /// The places of one plugin's calls, and who waits for one. A part of the state: nobody else changes it.
    ///
    /// A class, so that it is at hand: a table of gates was looked into ten times in each call.
    final class Gate {
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
