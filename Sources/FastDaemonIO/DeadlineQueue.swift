/// Deadlines, the earliest first: a binary heap. Pure, and owned by one event loop.
///
/// An entry is not taken out when its waiter no longer needs it: it comes up in its time, and whoever asked for it looks
/// whether it still means anything. A connection that moves its deadline with every request so costs nothing here.
struct DeadlineQueue {
    /// What is due at `time`, in nanoseconds of the monotonic clock: the registration with `token`.
    struct Entry: Equatable {
        let time: UInt64
        let token: UInt64
    }

    private var heap: [Entry] = []

    /// The earliest.
    var first: Entry? { heap.first }

    var earliest: UInt64? { first?.time }

    var count: Int { heap.count }

    mutating func insert(_ entry: Entry) {
        heap.append(entry)
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            if heap[parent].time <= heap[child].time { break }
            heap.swapAt(parent, child)
            child = parent
        }
    }

    /// Takes out the earliest entry if its time is not after `now`.
    mutating func popExpired(at now: UInt64) -> Entry? {
        guard let first = heap.first, first.time <= now else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            siftDown()
        }
        return first
    }

    /// Throws away entries that mean nothing any more.
    mutating func removeAll(where isStale: (Entry) -> Bool) {
        heap.removeAll(where: isStale)
        for parent in stride(from: heap.count / 2 - 1, through: 0, by: -1) { siftDown(from: parent) }
    }

    private mutating func siftDown(from start: Int = 0) {
        var parent = start
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if heap[child].time < heap[least].time { least = child }
            }
            if least == parent { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
