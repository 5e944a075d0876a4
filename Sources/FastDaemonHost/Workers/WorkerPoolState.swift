/// Which workers a plugin has, which calls run in which of them, and which wait: decides, and does nothing itself. Pure; times
/// are in nanoseconds. What is to be done comes out as actions, to be carried out in their order.
struct WorkerPoolState<Waiter> {
    struct Settings: Equatable {
        /// How many processes there are.
        var processes: Int

        /// How many calls each of them serves at once.
        var callsAtOnce: Int

        /// After how many calls one is replaced; 0 for never.
        var callsPerWorker: Int

        /// With how many bytes resident after a call one is replaced.
        var idleMemoryBytes: UInt64
    }

    enum Phase: Equatable {
        /// It was started, and has to answer by then.
        case starting(until: UInt64)

        /// It serves calls. A worn one is replaced, and serves until its replacement does.
        case serving(isWorn: Bool)

        /// It takes no more calls, and is stopped when it has none, or none but forsaken ones.
        case retiring

        /// A call of its was lost, and it is killed then, if it has not ended: that is a crash.
        case lost(until: UInt64)

        /// It was told to end, and is killed then.
        case stopping(until: UInt64)
    }

    struct Worker {
        var phase: Phase

        /// How many calls it can serve at once, as the settings were when it was started.
        var mostCalls: Int

        /// The calls that run in it, and the names of their commands.
        var calls: [UInt64: String] = [:]

        /// Those of them that go on though their callers are gone, and how long each still has when it is told to end.
        var forsaken: [UInt64: UInt64] = [:]

        /// How many calls it has had.
        var callCount = 0

        /// Whether it was started with settings that have changed since.
        var isOutdated = false

        /// Whether it is ended although it has, or had, something to do: how it ends says nothing of it then.
        var isTerminated = false
    }

    enum Action {
        case start(Int)
        /// To end when its calls have.
        case stop(Int)
        /// To end now, and its calls with it.
        case terminate(Int)
        case kill(Int)
        case run(Waiter, in: Int)
        case refuse(Waiter)
    }

    enum Decision: Equatable {
        case run(in: Int)
        case wait
        case refused
    }

    private struct Waiting {
        let ticket: UInt64
        let command: String
        let waiter: Waiter
    }

    var settings: Settings
    var workers: [Int: Worker] = [:]

    /// The whole plugin's: a call that was answered, whatever its command, speaks for it.
    var breaker = CrashBreaker()

    /// Those of the commands in whose calls workers crashed. A plugin may have good commands, too, which neither excuse a bad one
    /// nor suffer from it.
    var commandBreakers: [String: CrashBreaker] = [:]

    /// What keeps workers from being started that is not their fault.
    var shortage = StartShortage()

    /// Whether the pool is ending: no call comes any more.
    var isClosed = false

    private var waiting: [Waiting] = []
    private var lastWorker = 0
    private var bearable = Int.max

    /// Whether no worker has loaded the library yet. One is started then, to try.
    private var isProbing = true

    /// How long a worker has to load its library, and to end when it has no calls.
    static var patience: UInt64 { CrashBreaker.seconds(5) }

    init(_ settings: Settings) {
        self.settings = settings
    }

    // MARK: - Calls

    /// A call wants to run. Where it has to wait, `enqueue` is to follow.
    mutating func enter(_ ticket: UInt64, command: String, at now: UInt64) -> Decision {
        guard !isClosed, !isShort(at: now), admits(command, at: now) else { return .refused }
        guard waiting.isEmpty, let worker = roomiest else { return .wait }
        begin(ticket, command, in: worker)
        return .run(in: worker)
    }

    private mutating func admits(_ command: String, at now: UInt64) -> Bool {
        guard breaker.admits(at: now) else { return false }
        if commandBreakers[command]?.admits(at: now) ?? true { return true }
        breaker.noteUntried(at: now)
        return false
    }

    mutating func enqueue(_ waiter: Waiter, ticket: UInt64, command: String, at now: UInt64) -> [Action] {
        waiting.append(Waiting(ticket: ticket, command: command, waiter: waiter))
        return startMissing(at: now)
    }

    /// A call that waits gives up. Returns its waiter, unless its turn had come already.
    mutating func abandon(_ ticket: UInt64, at now: UInt64) -> Waiter? {
        guard let index = waiting.firstIndex(where: { $0.ticket == ticket }) else { return nil }
        let call = waiting.remove(at: index)
        breaker.noteUntried(at: now)
        commandBreakers[call.command]?.noteUntried(at: now)
        return call.waiter
    }

    /// A call has ended in its worker, which may have ended before.
    ///
    /// - Parameters:
    ///   - isAnswered: whether the handler came to its end.
    ///   - residentBytes: what the worker has resident, where that was looked at.
    mutating func leave(
        _ worker: Int, _ ticket: UInt64, isAnswered: Bool, residentBytes: UInt64, at now: UInt64
    ) -> [Action] {
        if isAnswered { breaker.noteAnswer() }
        guard var found = workers[worker] else { return startMissing(at: now) }
        if let command = found.calls.removeValue(forKey: ticket), isAnswered {
            commandBreakers[command]?.noteAnswer()
        }
        found.forsaken[ticket] = nil
        if case .serving(isWorn: false) = found.phase {
            let hasServedEnough = settings.callsPerWorker > 0 && found.callCount >= settings.callsPerWorker
            found.phase = .serving(isWorn: hasServedEnough || residentBytes > settings.idleMemoryBytes)
        }
        workers[worker] = found
        // Before another call is there, so that who waits does not keep it from ending.
        return endForsaken(worker, at: now) + grant() + retire(at: now) + startMissing(at: now)
    }

    /// The serving worker with the fewest calls that has room for another, one with forsaken calls last, because it is to end.
    /// Of equals the oldest.
    private var roomiest: Int? {
        var best: (isForsaken: Int, count: Int, worker: Int)?
        for (number, worker) in workers {
            guard case .serving = worker.phase, worker.calls.count < min(worker.mostCalls, bearable) else { continue }
            let rank = (worker.forsaken.isEmpty ? 0 : 1, worker.calls.count, number)
            if let best, best < rank { continue }
            best = rank
        }
        return best?.worker
    }

    private mutating func begin(_ ticket: UInt64, _ command: String, in worker: Int) {
        workers[worker]!.calls[ticket] = command
        workers[worker]!.callCount += 1
    }

    private mutating func grant() -> [Action] {
        var actions: [Action] = []
        while let first = waiting.first, let worker = roomiest {
            waiting.removeFirst()
            begin(first.ticket, first.command, in: worker)
            actions.append(.run(first.waiter, in: worker))
        }
        return actions
    }

    /// Turns away who waits, or who waits to call one of these commands.
    mutating func refuseWaiting(for commands: Set<String>? = nil, at now: UInt64) -> [Action] {
        let refused = waiting.filter { commands?.contains($0.command) ?? true }
        waiting.removeAll { commands?.contains($0.command) ?? true }
        for call in refused { commandBreakers[call.command]?.noteUntried(at: now) }
        return refused.map { .refuse($0.waiter) }
    }

    // MARK: - Workers

    /// Starts what is missing, as far as the breaker lets it.
    mutating func startMissing(at now: UInt64) -> [Action] {
        var actions: [Action] = []
        while wantsStart, now >= max(breaker.notBefore, shortage.notBefore) {
            lastWorker += 1
            workers[lastWorker] = Worker(
                phase: .starting(until: now + Self.patience), mostCalls: settings.callsAtOnce)
            actions.append(.start(lastWorker))
        }
        return actions
    }

    private var wantsStart: Bool {
        if isClosed { return false }
        if case .open = breaker.phase { return false }
        var starting = 0
        var lasting = 0
        let mayRetire = mayRetireBusyOne
        for worker in workers.values {
            switch worker.phase {
            case .starting: starting += 1
            case .serving(isWorn: false): lasting += 1
            case .serving(isWorn: true) where !mayRetire && !worker.calls.isEmpty: lasting += 1
            default: break
            }
        }
        if breaker.phase != .closed || isProbing { return starting + lasting == 0 }
        if breaker.isSuspicious { return starting == 0 && lasting < settings.processes }
        return starting + lasting < settings.processes
    }

    /// The library says how many calls it can bear in one process.
    mutating func limit(callsAtOnce most: Int) {
        bearable = most
    }

    /// A worker has loaded its library. A worn one may give up its place.
    mutating func noteLoaded(_ worker: Int, at now: UInt64) -> [Action] {
        guard case .starting? = workers[worker]?.phase else { return [] }
        isProbing = false
        shortage = StartShortage()
        workers[worker]!.phase = .serving(isWorn: workers[worker]!.isOutdated)
        return grant() + retire(at: now) + startMissing(at: now)
    }

    // MARK: - Time

    /// What is due.
    mutating func tick(at now: UInt64) -> [Action] {
        var actions: [Action] = []
        for (number, worker) in workers {
            switch worker.phase {
            case .starting(let until) where until <= now: actions.append(.kill(number))
            case .stopping(let until) where until <= now, .lost(let until) where until <= now:
                actions.append(.kill(number))
            default: continue
            }
            // Once is enough; its end is told soon.
            workers[number]!.phase = worker.phase.withoutDeadline
        }
        return actions + startMissing(at: now)
    }

    /// When `tick` has something to do; nil for never.
    var nextDeadline: UInt64? {
        var earliest: UInt64?
        for worker in workers.values {
            switch worker.phase {
            case .starting(let until), .stopping(let until), .lost(let until):
                if until < .max { earliest = min(earliest ?? .max, until) }
            default: continue
            }
        }
        return wantsStart ? min(earliest ?? .max, max(breaker.notBefore, shortage.notBefore)) : earliest
    }

    /// How many calls wait for a worker.
    var waitingCount: Int { waiting.count }
}

extension WorkerPoolState.Phase {
    fileprivate var withoutDeadline: Self {
        switch self {
        case .starting: .starting(until: .max)
        case .stopping: .stopping(until: .max)
        case .lost: .lost(until: .max)
        default: self
        }
    }
}
