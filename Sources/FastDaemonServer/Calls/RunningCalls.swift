import Synchronization

/// The calls that go on.
final class RunningCalls: Sendable {
    private struct State {
        /// In no order; each knows its place.
        var calls: [RunningCall] = []
        var waiter: UnsafeContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    /// Of one route: how many of its calls have begun, and how many of those go on although they were cancelled, or although
    /// their callers were told that their time is over; and how many wait for their turn.
    struct Counts {
        var running = 0
        var cancelled = 0
        var overdue = 0
        var waiting = 0
    }

    func add(_ running: RunningCall) {
        state.withLock { state in
            running.place = state.calls.count
            state.calls.append(running)
        }
    }

    func remove(_ running: RunningCall) {
        let waiter = state.withLock { state -> UnsafeContinuation<Void, Never>? in
            let last = state.calls.removeLast()
            if last !== running { (state.calls[running.place], last.place) = (last, running.place) }
            return state.calls.isEmpty ? state.waiter.take() : nil
        }
        waiter?.resume()
    }

    /// Returns when no call goes on. One task at a time may wait.
    func waitUntilEmpty() async {
        await withUnsafeContinuation { continuation in
            let isEmpty = state.withLock { state in
                if !state.calls.isEmpty { state.waiter = continuation }
                return state.calls.isEmpty
            }
            if isEmpty { continuation.resume() }
        }
    }

    func contains(_ running: RunningCall) -> Bool {
        state.withLock { $0.calls.indices.contains(running.place) && $0.calls[running.place] === running }
    }

    var all: [RunningCall] { state.withLock { $0.calls } }

    /// By the statistics of the commands.
    func countsByCommand() -> [ObjectIdentifier: Counts] {
        var counts: [ObjectIdentifier: Counts] = [:]
        for running in all {
            let command = ObjectIdentifier(running.route.statistics)
            if running.call.hasBegun.load(ordering: .relaxed) {
                counts[command, default: Counts()].running += 1
                if running.call.cancellationReason != 0 { counts[command, default: Counts()].cancelled += 1 }
                if running.isOverdue { counts[command, default: Counts()].overdue += 1 }
            } else {
                counts[command, default: Counts()].waiting += 1
            }
        }
        return counts
    }
}
