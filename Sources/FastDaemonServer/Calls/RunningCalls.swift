import Synchronization

/// The calls that go on, by number.
final class RunningCalls: Sendable {
    private struct State {
        var calls: [UInt64: RunningCall] = [:]
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
        state.withLock { $0.calls[running.call.id] = running }
    }

    func remove(_ running: RunningCall) {
        let waiter = state.withLock { state -> UnsafeContinuation<Void, Never>? in
            state.calls[running.call.id] = nil
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

    subscript(id: UInt64) -> RunningCall? { state.withLock { $0.calls[id] } }

    var all: [RunningCall] { state.withLock { Array($0.calls.values) } }

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
