/// One place for requests: a socket, open or not, and the replies that it owes.
struct Connection<Scanner: ReplyScanner> {
    /// -1 while it is closed.
    var descriptor: Int32 = -1
    var scanner: Scanner
    /// Requests issued here and not answered.
    var owed = 0
    /// Which of its due times belongs to the oldest of them.
    var oldest = 0
    /// The part of the batch still to be sent.
    var unsent = 0..<0
    var awaitsWritability = false
    /// When something was last issued or received here.
    var lastActivity: UInt64 = 0
    /// Whether it stands in the queue of those that have room.
    var isQueued = false

    var isOpen: Bool { descriptor >= 0 }
}

/// First in, first out, for the indexes of connections; each at most once, so that it never grows.
struct IndexQueue {
    private var slots: [Int]
    private var head = 0
    private(set) var count = 0

    init(capacity: Int) {
        slots = [Int](repeating: 0, count: capacity)
    }

    mutating func append(_ index: Int) {
        let end = head + count
        slots[end < slots.count ? end : end - slots.count] = index
        count += 1
    }

    mutating func popFirst() -> Int? {
        guard count > 0 else { return nil }
        let index = slots[head]
        head = head + 1 < slots.count ? head + 1 : 0
        count -= 1
        return index
    }
}
