/// Those who wait for their turn, in the order in which they came. Pure.
///
/// One that gives up is found by its ticket, whose place in the line is skipped when it comes up: nothing costs more with a
/// hundred thousand waiting than with one.
struct WaitingLine<Waiter> {
    private var waiters: [UInt64: Waiter] = [:]

    /// In order from `head`; some may have given up.
    private var tickets: [UInt64] = []
    private var head = 0

    var count: Int { waiters.count }
    var isEmpty: Bool { waiters.isEmpty }

    /// - Parameter ticket: a number that no one had before.
    mutating func append(_ waiter: Waiter, ticket: UInt64) {
        waiters[ticket] = waiter
        tickets.append(ticket)
    }

    /// The one whose turn is next.
    var first: Waiter? {
        mutating get {
            while head < tickets.count {
                if let waiter = waiters[tickets[head]] { return waiter }
                head += 1
            }
            return nil
        }
    }

    mutating func popFirst() -> Waiter? {
        guard first != nil else { return nil }
        let waiter = waiters.removeValue(forKey: tickets[head])
        head += 1
        tidy()
        return waiter
    }

    /// Takes out one that gives up; nil where it is not in the line any more.
    mutating func remove(_ ticket: UInt64) -> Waiter? {
        guard let waiter = waiters.removeValue(forKey: ticket) else { return nil }
        tidy()
        return waiter
    }

    /// Throws away places that nobody holds once they are most of the line, so that each is looked at once at most.
    private mutating func tidy() {
        guard tickets.count > 2 * waiters.count + 16 else { return }
        tickets = tickets[head...].filter { waiters[$0] != nil }
        head = 0
    }
}
