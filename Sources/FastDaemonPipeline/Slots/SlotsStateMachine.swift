/// The rules of ``Slots``: no lock, no task, no continuation.
struct SlotsStateMachine<Waiter: Sendable> {
    private var free: Int
    private var waiter: Waiter?
    private var isClosed = false

    init(limit: Int) {
        free = limit
    }

    enum AcquireAction {
        case grant
        case wait
        case refuse
    }

    mutating func acquire(_ waiter: Waiter) -> AcquireAction {
        precondition(self.waiter == nil, "only one task at a time may wait for a slot")
        guard !isClosed else { return .refuse }
        guard free > 0 else {
            self.waiter = waiter
            return .wait
        }
        free -= 1
        return .grant
    }

    /// - Returns: who gets the slot at once, if somebody waits.
    mutating func release() -> Waiter? {
        guard let waiter = waiter.take() else {
            free += 1
            return nil
        }
        return waiter
    }

    /// - Returns: who waits, and is to be refused.
    mutating func close() -> Waiter? {
        isClosed = true
        return waiter.take()
    }
}
