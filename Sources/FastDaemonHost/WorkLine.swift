/// The work of a pool that waits for a thread, and how much of each kind may run at once. Pure.
///
/// Jobs go before what plugins handed over themselves, and the one kind takes no place of the other's.
struct WorkLine<Work> {
    /// How many of each kind may run at once.
    var limit: Int

    /// How many jobs run whose threads may not come back; they are not counted against the limit.
    var stuck = 0

    private var jobs = Places()
    private var functions = Places()

    init(limit: Int) {
        self.limit = limit
    }

    /// How many threads can be of use.
    var mostThreads: Int { 2 * limit + stuck }

    /// Something is to run, when there is room for it.
    mutating func append(_ work: Work, isPlugins: Bool) {
        if isPlugins { functions.queue.append(work) } else { jobs.queue.append(work) }
    }

    /// Whether something of what waits may run now.
    var hasNext: Bool { jobs.hasNext(limit: limit + stuck) || functions.hasNext(limit: limit) }

    /// What may run now, of what waits.
    mutating func next() -> Work? {
        jobs.next(limit: limit + stuck) ?? functions.next(limit: limit)
    }

    /// Something that ran has ended.
    mutating func noteEnd(isPlugins: Bool) {
        if isPlugins { functions.running -= 1 } else { jobs.running -= 1 }
    }

    /// One kind of work: what waits, in order from `head`, and how much runs.
    private struct Places {
        var running = 0
        var queue: [Work] = []
        private var head = 0

        func hasNext(limit: Int) -> Bool { head < queue.count && running < limit }

        /// The array moves up only when half of it is gone.
        mutating func next(limit: Int) -> Work? {
            guard hasNext(limit: limit) else { return nil }
            let work = queue[head]
            head += 1
            running += 1
            if head * 2 > queue.count {
                queue.removeFirst(head)
                head = 0
            }
            return work
        }
    }
}
