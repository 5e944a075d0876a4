import Synchronization

/// What may have to wait for its turn to run.
protocol Admittable: AnyObject, Sendable {
    /// The wait is over, because its turn has come, or because it gave up. Called once, on any thread.
    func noteTurn(mayRun: Bool)
}

/// The daemon's admission of concurrent calls.
final class Admission: Sendable {
    fileprivate typealias State = AdmissionState<any Admittable>

    private let state: Mutex<State>

    /// - Parameter limit: how many calls may run at once in the whole daemon.
    init(limit: Int) {
        state = Mutex(State(limit: limit))
    }

    /// A gate for the calls of one plugin. It is there for as long as anybody holds it, and so may be handed on from one
    /// generation of plugins to the next.
    ///
    /// - Parameters:
    ///   - limit: how many of its calls may run at once.
    ///   - waitingLimit: how many more may wait.
    ///   - countsGlobally: whether there are some that count against the limit of the whole daemon, too: those that hold a
    ///     thread of it do. A place is kept for one of them.
    func addGate(limit: Int, waitingLimit: Int, countsGlobally: Bool = true) -> Gate {
        withState { state in
            let gate = state.addGate(limit: limit, waitingLimit: waitingLimit, countsGlobally: countsGlobally)
            return Gate(gate, of: self)
        }
    }

    /// Changes how many calls may run at once in the whole daemon. What runs already goes on.
    func setLimit(_ limit: Int) {
        change { $0.setLimit(limit) }
    }

    /// How many calls run that count against the limit, and the limit.
    var counts: (running: Int, limit: Int) { state.withLock { ($0.running, $0.limit) } }

    /// Changes the state, and has those run whose turn that makes it.
    fileprivate func change(_ body: (inout State) -> [any Admittable]) {
        for waiter in withState(body) { waiter.noteTurn(mayRun: true) }
    }

    fileprivate func withState<Result: Sendable>(_ body: (inout State) -> Result) -> Result {
        state.withLock { body(&$0) }
    }
}

/// Where the calls of one plugin come in.
///
/// `@unchecked Sendable`: `gate` is a part of the admission's state, and looked at under its lock only.
final class Gate: @unchecked Sendable {
    private let gate: Admission.State.Gate
    private let admission: Admission

    fileprivate init(_ gate: Admission.State.Gate, of admission: Admission) {
        self.gate = gate
        self.admission = admission
    }

    /// Whoever runs or waits holds the gate, so it is idle.
    deinit {
        admission.change { $0.remove(gate) }
    }

    /// Whether a call got in.
    enum Entry: Equatable {
        /// It runs, and owes a `leave`; likewise one that waited, when its turn has come.
        case running

        case waiting

        /// As many run as may, and as many wait.
        case busy(running: Int, waiting: Int)
    }

    /// A call wants to run.
    ///
    /// - Parameters:
    ///   - countsGlobally: whether it counts against the limit of the whole daemon, too: the same until it leaves.
    ///   - call: told of its turn, where it has to wait for that.
    func enter(_ call: some Admittable, ticket: UInt64, countsGlobally: Bool = true) -> Entry {
        admission.withState { state in
            switch state.enter(gate, countsGlobally: countsGlobally) {
            case .run: return .running
            case .busy(let running, let waiting): return .busy(running: running, waiting: waiting)
            case .wait:
                state.enqueue(call, ticket: ticket, at: gate, countsGlobally: countsGlobally)
                return .waiting
            }
        }
    }

    /// A call has ended.
    ///
    /// - Parameter wasOverdue: whether `noteOverdue` was told of it.
    func leave(countsGlobally: Bool = true, wasOverdue: Bool = false) {
        admission.withState { $0.leave(gate, countsGlobally: countsGlobally, wasOverdue: wasOverdue) }?
            .noteTurn(mayRun: true)
    }

    /// A call goes on although nobody waits for it any more: from now on it counts here, and not in the whole daemon.
    func noteOverdue(countsGlobally: Bool = true) {
        admission.withState { $0.noteOverdue(gate, countsGlobally: countsGlobally) }?.noteTurn(mayRun: true)
    }

    /// Has a call that waits give up.
    func abandon(_ ticket: UInt64) {
        var givenUp: (any Admittable)?
        admission.change { state in
            givenUp = state.abandon(ticket, at: gate)
            // Those behind it may want less than it did.
            return givenUp == nil ? [] : state.admitWaiting(at: gate)
        }
        givenUp?.noteTurn(mayRun: false)
    }

    /// Changes how many calls may run and wait. Those that do already go on.
    func setLimits(limit: Int, waitingLimit: Int, countsGlobally: Bool = true) {
        admission.change {
            $0.setLimits(of: gate, limit: limit, waitingLimit: waitingLimit, countsGlobally: countsGlobally)
        }
    }

    /// What goes on behind a gate.
    struct Counts: Equatable {
        /// The calls that have not ended, and those of them that are overdue.
        var running: Int
        var overdue: Int
        var waiting: Int
        var limit: Int
    }

    var counts: Counts {
        admission.withState { _ in
            Counts(
                running: gate.running, overdue: gate.overdue, waiting: gate.waitingCount, limit: gate.limit)
        }
    }
}
