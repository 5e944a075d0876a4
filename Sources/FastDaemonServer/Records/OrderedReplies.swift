/// Replies in the order of their requests, whatever the order in which they are completed. Pure.
struct OrderedReplies<Reply> {
    /// The place of a reply.
    struct Slot: Hashable, Sendable {
        fileprivate let number: Int
    }

    /// From the oldest that was not taken; nil where the reply is still owed.
    private var replies: [Reply?] = []
    private var taken = 0
    private var head = 0

    /// How many places there are: replies that are owed, and completed ones that wait for one before them.
    var count: Int { replies.count - head }

    var isEmpty: Bool { count == 0 }

    /// The next reply in order, if it is there.
    var first: Reply? { head < replies.count ? replies[head] : nil }

    /// Takes the next place.
    mutating func reserve() -> Slot {
        replies.append(nil)
        return Slot(number: taken + count - 1)
    }

    /// Puts a reply in its place.
    mutating func complete(_ slot: Slot, with reply: Reply) {
        replies[head + slot.number - taken] = reply
    }

    /// Takes out the next reply in order, if it is there.
    mutating func next() -> Reply? {
        guard head < replies.count, let reply = replies[head] else { return nil }
        replies[head] = nil
        head += 1
        taken += 1
        // The array moves up only when half of it is gone, so that each element moves once at most.
        if head * 2 >= replies.count {
            replies.removeFirst(head)
            head = 0
        }
        return reply
    }
}
