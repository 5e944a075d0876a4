import Synchronization

/// The one task of an operator, which can be cancelled from anywhere, and also before it was started.
final class OperatorTask: Sendable {
    private enum State {
        case idle
        case started(Task<Void, Never>)
        case cancelled
    }

    private let state = Mutex(State.idle)

    /// - Parameter executor: where the task and its children run. An unstructured task does not inherit what its
    ///   creator prefers, so whoever wants its own executor has to name it; nil means Swift's shared pool.
    func start(on executor: (any TaskExecutor)?, _ operation: @escaping @Sendable () async -> Void) {
        let task = Task(executorPreference: executor, operation: operation)
        let wasCancelled = state.withLock { state in
            if case .cancelled = state { return true }
            state = .started(task)
            return false
        }
        if wasCancelled { task.cancel() }
    }

    func cancel() {
        let task = state.withLock { state -> Task<Void, Never>? in
            defer { state = .cancelled }
            guard case .started(let task) = state else { return nil }
            return task
        }
        task?.cancel()
    }
}
