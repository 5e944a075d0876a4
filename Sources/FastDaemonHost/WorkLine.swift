/// The work of a pool that waits for a thread, and how much of each kind may run at once. Pure.
///
/// Jobs go before what plugins handed over themselves, and the one kind takes no place of the other's.
struct WorkLine<Work, Plugin: Hashable> {
    /// How many of each kind may run at once.
    var limit: Int

    /// How many jobs run whose threads may not come back; they are not counted against the limit.
    var stuck = 0

    private var jobs = WorkQueue<Work>()
    private var jobsRunning = 0
    private var functions = PluginLine<Work, Plugin>()

    init(limit: Int) {
        self.limit = limit
    }

    /// How many threads can be of use.
    var mostThreads: Int { 2 * limit + PluginLine<Work, Plugin>.kept(limit: limit) + stuck }

    /// Something is to run, when there is room for it.
    ///
    /// - Parameter plugin: whose function it is; nil for a job.
    mutating func append(_ work: Work, of plugin: Plugin?) {
        if let plugin { functions.append(work, of: plugin) } else { jobs.append(work) }
    }

    private var nextIsJob: Bool { !jobs.isEmpty && jobsRunning < limit + stuck }

    /// Whether something of what waits may run now.
    var hasNext: Bool { nextIsJob || functions.nextIndex(limit: limit) != nil }

    /// What may run now, of what waits.
    mutating func next() -> Work? {
        guard nextIsJob else { return functions.next(limit: limit) }
        jobsRunning += 1
        return jobs.removeFirst()
    }

    /// Something that ran has ended.
    mutating func noteEnd(of plugin: Plugin?) {
        if let plugin { functions.noteEnd(of: plugin) } else { jobsRunning -= 1 }
    }
}

/// The functions that plugins handed over. The plugins have turns, and beyond the limit there is an eighth of it for those of which
/// nothing runs, so that what one of them hands over, and does not come back, leaves the others theirs.
private struct PluginLine<Work, Plugin: Hashable> {
    private struct Share {
        var queue = WorkQueue<Work>()
        var running = 0
    }

    private var shares: [Plugin: Share] = [:]
    private var running = 0

    /// The plugins of which something waits, the one first that had its turn longest ago.
    private var turns: [Plugin] = []

    mutating func append(_ work: Work, of plugin: Plugin) {
        if shares[plugin]?.queue.isEmpty ?? true { turns.append(plugin) }
        shares[plugin, default: Share()].queue.append(work)
    }

    /// Whose turn it is, as a place in `turns`.
    func nextIndex(limit: Int) -> Int? {
        if turns.isEmpty || running >= limit + Self.kept(limit: limit) { return nil }
        return running < limit ? 0 : turns.firstIndex { shares[$0]!.running == 0 }
    }

    static func kept(limit: Int) -> Int { max(1, limit / 8) }

    mutating func next(limit: Int) -> Work? {
        guard let index = nextIndex(limit: limit) else { return nil }
        let plugin = turns.remove(at: index)
        running += 1
        shares[plugin]!.running += 1
        let work = shares[plugin]!.queue.removeFirst()
        if !shares[plugin]!.queue.isEmpty { turns.append(plugin) }
        return work
    }

    mutating func noteEnd(of plugin: Plugin) {
        running -= 1
        shares[plugin]!.running -= 1
        if shares[plugin]!.running == 0, shares[plugin]!.queue.isEmpty { shares[plugin] = nil }
    }
}

/// What waits, in order.
private struct WorkQueue<Work> {
    private var works: [Work] = []
    private var head = 0

    var isEmpty: Bool { head == works.count }

    mutating func append(_ work: Work) {
        works.append(work)
    }

    /// The array moves up only when half of it is gone.
    mutating func removeFirst() -> Work {
        let work = works[head]
        head += 1
        if head * 2 > works.count {
            works.removeFirst(head)
            head = 0
        }
        return work
    }
}
