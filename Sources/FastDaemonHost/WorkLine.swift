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

    /// How much runs.
    var running: Int { jobs.running + functions.running }

    /// How many threads can be of use.
    var mostThreads: Int { 2 * limit + stuck }

    /// Something is to run. Returns whether it may now; where not, it waits in line.
    mutating func mayRun(_ work: Work, isPlugins: Bool) -> Bool {
        if isPlugins { return functions.take(work, limit: limit) }
        return jobs.take(work, limit: limit + stuck)
    }

    /// What may run now, of what waited.
    mutating func next() -> Work? {
        jobs.next(limit: limit + stuck) ?? functions.next(limit: limit)
    }

    /// Something that was to run found no thread.
    mutating func putBack(_ work: Work, isPlugins: Bool) {
        if isPlugins { functions.putBack(work) } else { jobs.putBack(work) }
    }

    /// Something that ran has ended.
    mutating func noteEnd(isPlugins: Bool) {
        if isPlugins { functions.running -= 1 } else { jobs.running -= 1 }
    }

    /// One kind of work: what waits, in order from `head`, and how much runs.
    private struct Places {
        var running = 0
        private var queue: [Work] = []
        private var head = 0

        mutating func take(_ work: Work, limit: Int) -> Bool {
            guard running < limit else {
                queue.append(work)
                return false
            }
            running += 1
            return true
        }

        mutating func putBack(_ work: Work) {
            running -= 1
            queue.append(work)
        }

        /// The array moves up only when half of it is gone.
        mutating func next(limit: Int) -> Work? {
            guard head < queue.count, running < limit else { return nil }
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
