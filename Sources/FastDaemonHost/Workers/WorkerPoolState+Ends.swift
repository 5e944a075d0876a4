/// How workers come to their ends.
extension WorkerPoolState {
    /// Workers are started in another way from now on: those that are there are replaced as worn ones are.
    mutating func renew(at now: UInt64) -> [Action] {
        for number in workers.keys {
            workers[number]!.isOutdated = true
            if case .serving = workers[number]!.phase { workers[number]!.phase = .serving(isWorn: true) }
        }
        return startMissing(at: now)
    }

    /// A worker is no more. Returns whether that was a crash.
    mutating func noteEnd(_ worker: Int, at now: UInt64) -> (isCrash: Bool, [Action]) {
        guard let ended = workers.removeValue(forKey: worker) else { return (false, []) }
        if case .stopping = ended.phase { return (false, retire(at: now) + startMissing(at: now)) }
        if isClosed { return (true, []) }
        if ended.phase == .starting(until: .max) { breaker.noteHang(at: now) } else { breaker.noteCrash(at: now) }
        // Which of several it was cannot be told: those that are well are soon answered again.
        let suspects = Set(ended.calls.values)
        for command in suspects { commandBreakers[command, default: CrashBreaker()].noteCrash(at: now) }
        if case .open = breaker.phase { return (true, refuseWaiting(at: now)) }
        return (
            true,
            refuseWaiting(for: suspects.filter(isQuarantined), at: now) + retire(at: now) + startMissing(at: now)
        )
    }

    // MARK: - Retirement

    /// Whether one more may take no more calls and keep those that it has. Each of these is a process beside those that serve, for
    /// as long as its calls last, so there are no more of them than of the others.
    var mayRetireBusyOne: Bool {
        workers.values.count { $0.phase == .retiring && !$0.calls.isEmpty } < settings.processes
    }

    /// Has those take no more calls that are worn and have been replaced, or that have forsaken calls, as far as may be, and
    /// stops those of them that are idle.
    mutating func retire(at now: UInt64) -> [Action] {
        var actions: [Action] = []
        var (fresh, worn) = (0, 0)
        for worker in workers.values {
            if worker.phase == .serving(isWorn: false) { fresh += 1 }
            if worker.phase == .serving(isWorn: true) { worn += 1 }
        }
        for number in workers.keys.sorted() {
            let worker = workers[number]!
            if case .serving(let isWorn) = worker.phase, worker.calls.isEmpty || mayRetireBusyOne {
                let isReplaced = isWorn && fresh > 0 && fresh + worn > settings.processes
                guard isReplaced || !worker.forsaken.isEmpty else { continue }
                if isWorn { worn -= 1 } else { fresh -= 1 }
                workers[number]!.phase = .retiring
            }
            if workers[number]!.phase == .retiring, worker.calls.isEmpty {
                workers[number]!.phase = .stopping(until: now + Self.patience)
                actions.append(.stop(number))
            }
        }
        return actions
    }

    // MARK: - Ends before their time

    /// Whether calls of a command are refused, whatever else the plugin does.
    func isQuarantined(_ command: String) -> Bool {
        if case .open? = commandBreakers[command]?.phase { return true }
        return false
    }

    /// The worker of a call is to end at once: `grace` nanoseconds from now it is killed.
    mutating func terminate(_ ticket: UInt64, grace: UInt64, at now: UInt64) -> [Action] {
        guard let worker = worker(of: ticket) else { return [] }
        if case .stopping(let until) = workers[worker]!.phase, until <= now + grace { return [] }
        workers[worker]!.phase = .stopping(until: now + grace)
        workers[worker]!.isTerminated = true
        return [.terminate(worker)] + startMissing(at: now)
    }

    /// A call goes on though its caller is gone: its worker ends as soon as no others run in it, and until then takes no more, if it
    /// may retire.
    mutating func forsake(_ ticket: UInt64, grace: UInt64, at now: UInt64) -> [Action] {
        guard let worker = worker(of: ticket) else { return [] }
        workers[worker]!.forsaken[ticket] = grace
        return endForsaken(worker, at: now) + retire(at: now) + startMissing(at: now)
    }

    /// Ends a worker in which none but forsaken calls run.
    mutating func endForsaken(_ number: Int, at now: UInt64) -> [Action] {
        guard let worker = workers[number], let grace = worker.forsaken.values.max(),
            worker.forsaken.count == worker.calls.count
        else { return [] }
        switch worker.phase {
        case .serving, .retiring: break
        case .starting, .lost, .stopping: return []
        }
        workers[number]!.phase = .stopping(until: now + grace)
        workers[number]!.isTerminated = true
        return [.terminate(number)]
    }

    private func worker(of ticket: UInt64) -> Int? {
        workers.first { $0.value.calls[ticket] != nil }?.key
    }

    /// The session of a call broke off: its worker has crashed, or is out of its mind.
    mutating func noteLoss(in worker: Int, at now: UInt64) {
        switch workers[worker]?.phase {
        case .serving, .retiring: workers[worker]!.phase = .lost(until: now + Self.lossPatience)
        default: break
        }
    }

    /// How long the end of a process may take to be told after its sockets were closed.
    private static var lossPatience: UInt64 { CrashBreaker.seconds(1) }

    /// No call comes any more: every worker ends when its calls have.
    mutating func close(at now: UInt64) -> [Action] {
        isClosed = true
        var actions = refuseWaiting(at: now)
        for (number, worker) in workers {
            switch worker.phase {
            case .starting:
                workers[number]!.phase = .stopping(until: .max)
                workers[number]!.isTerminated = true
                actions.append(.kill(number))
            case .serving, .retiring: workers[number]!.phase = .retiring
            case .stopping, .lost: continue
            }
        }
        return actions + retire(at: now)
    }
}
