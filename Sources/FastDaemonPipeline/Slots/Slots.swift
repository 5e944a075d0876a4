import Synchronization

/// A bound on how many children an operator has under way. One task acquires; the children release.
@usableFromInline final class Slots: Sendable {
    private typealias Waiter = CheckedContinuation<Bool, Never>

    private let machine: Mutex<SlotsStateMachine<Waiter>>

    /// - Parameter limit: nil for no bound.
    @usableFromInline init(limit: Int?) {
        precondition(limit ?? 1 > 0, "maxConcurrent has to be at least 1")
        machine = Mutex(SlotsStateMachine(limit: limit ?? .max))
    }

    /// Waits for a free slot and takes it.
    ///
    /// - Returns: false where the calling task was cancelled: it got no slot and should stop.
    @usableFromInline func acquire(isolation: isolated (any Actor)? = #isolation) async -> Bool {
        await withTaskCancellationHandler {
            await withCheckedContinuation(isolation: isolation) { (waiter: Waiter) in
                switch machine.withLock({ $0.acquire(waiter) }) {
                case .grant: waiter.resume(returning: true)
                case .wait: break
                case .refuse: waiter.resume(returning: false)
                }
            }
        } onCancel: {
            machine.withLock { $0.close() }?.resume(returning: false)
        }
    }

    @usableFromInline func release() {
        machine.withLock { $0.release() }?.resume(returning: true)
    }
}
