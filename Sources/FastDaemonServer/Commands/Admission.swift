import Synchronization

/// Which calls run, which wait for their turn, and which are turned away: at most so many at once in the whole daemon, and of
/// each plugin. Pure.
struct AdmissionState<Waiter> {
    enum Decision: Equatable {
        case run
        case wait
        case busy(waiting: Int)
    }

    struct Gate {
        let limit: Int
        let waitingLimit: Int
        fileprivate(set) var running = 0
        fileprivate var waiting: [(ticket: UInt64, waiter: Waiter)] = []
        var waitingCount: Int { waiting.count }
    }

    private(set) var gates: [Gate]
    private let limit: Int
    private(set) var running = 0

    /// Where the search for the next call begins: behind the plugin that had its turn last.
    private var turn = 0

    init(limit: Int, gates: [(limit: Int, waitingLimit: Int)]) {
        self.limit = limit
        self.gates = gates.map { Gate(limit: $0.limit, waitingLimit: $0.waitingLimit) }
    }

    /// A call of the plugin behind `gate` wants to run. Where it has to wait, `enqueue` is to follow.
    mutating func enter(_ gate: Int) -> Decision {
        if running < limit, gates[gate].running < gates[gate].limit {
            running += 1
            gates[gate].running += 1
            return .run
        }
        return gates[gate].waiting.count < gates[gate].waitingLimit ? .wait : .busy(waiting: gates[gate].waiting.count)
    }

    mutating func enqueue(_ waiter: Waiter, ticket: UInt64, at gate: Int) {
        gates[gate].waiting.append((ticket, waiter))
    }

    /// A call has ended. Returns the one that runs now in its place, if one waited: of the plugins that have room, each has its
    /// turn.
    mutating func leave(_ gate: Int) -> Waiter? {
        running -= 1
        gates[gate].running -= 1
        for offset in 1...gates.count {
            let candidate = (turn + offset) % gates.count
            guard !gates[candidate].waiting.isEmpty, gates[candidate].running < gates[candidate].limit else { continue }
            turn = candidate
            running += 1
            gates[candidate].running += 1
            return gates[candidate].waiting.removeFirst().waiter
        }
        return nil
    }

    /// A call that waits gives up. Returns its waiter, unless its turn had come already.
    mutating func abandon(_ ticket: UInt64, at gate: Int) -> Waiter? {
        guard let index = gates[gate].waiting.firstIndex(where: { $0.ticket == ticket }) else { return nil }
        return gates[gate].waiting.remove(at: index).waiter
    }
}

/// The daemon's admission of concurrent calls.
final class Admission: Sendable {
    typealias State = AdmissionState<UnsafeContinuation<Bool, Never>>

    private let state: Mutex<State>

    init(limit: Int, gates: [(limit: Int, waitingLimit: Int)]) {
        state = Mutex(State(limit: limit, gates: gates))
    }

    /// How a call got in.
    enum Entry: Equatable {
        case running
        case busy(waiting: Int)

        /// It gave up while it waited.
        case abandoned
    }

    /// Waits for the call's turn. A call that is `.running` owes a `leave`.
    func enter(_ gate: Int, ticket: UInt64) async -> Entry {
        var decision = State.Decision.run
        let mayRun = await withUnsafeContinuation { (continuation: UnsafeContinuation<Bool, Never>) in
            decision = state.withLock { state in
                let decision = state.enter(gate)
                if decision == .wait { state.enqueue(continuation, ticket: ticket, at: gate) }
                return decision
            }
            if decision != .wait { continuation.resume(returning: decision == .run) }
        }
        if case .busy(let waiting) = decision { return .busy(waiting: waiting) }
        return mayRun ? .running : .abandoned
    }

    func leave(_ gate: Int) {
        state.withLock { $0.leave(gate) }?.resume(returning: true)
    }

    /// Has a call that waits give up.
    func abandon(_ ticket: UInt64, at gate: Int) {
        state.withLock { $0.abandon(ticket, at: gate) }?.resume(returning: false)
    }

    /// Of one plugin: how many of its calls run, and how many wait.
    func counts(of gate: Int) -> (running: Int, waiting: Int) {
        state.withLock { ($0.gates[gate].running, $0.gates[gate].waitingCount) }
    }
}
