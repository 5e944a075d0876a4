import Synchronization

/// A call in a task of its own, which is cancelled when the test ends.
final class Call: Sendable {
    enum Outcome: Equatable {
        case running
        case returned
        case failed(TestFailure)
    }

    private final class Log: Sendable {
        let outcome = Mutex(Outcome.running)
    }

    private let log = Log()
    private let executor: ManualExecutor
    private let task: Task<Void, Never>

    init(on executor: ManualExecutor, _ body: @escaping @Sendable () async throws -> Void) {
        self.executor = executor
        task = Task(executorPreference: executor) { [log] in
            let outcome: Outcome
            do {
                try await body()
                outcome = .returned
            } catch {
                outcome = (error as? TestFailure).map(Outcome.failed) ?? .running
            }
            log.outcome.withLock { $0 = outcome }
        }
    }

    deinit {
        task.cancel()
        executor.run()
    }

    var outcome: Outcome { log.outcome.withLock { $0 } }

    func cancel() { task.cancel() }
}
