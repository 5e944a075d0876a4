import Synchronization

/// What was asked to be tried again later, which is when a test says so.
public final class Retries: Sendable {
    private struct State {
        var failures: [Int] = []
        var waiting: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())

    /// Nothing as yet.
    public init() {}

    /// How often each had failed before, in their order.
    public var failures: [Int] { state.withLock { $0.failures } }

    /// Something is to be tried again.
    public func append(_ failures: Int, again: @escaping @Sendable () -> Void) {
        state.withLock { state in
            state.failures.append(failures)
            state.waiting.append(again)
        }
    }

    /// Tries again what waits for that.
    public func again() {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        for body in waiting { body() }
    }
}
