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
        if case .stopping = ended.phase { return (false, startMissing(at: now)) }
        if isClosed { return (true, []) }
        if ended.phase == .starting(until: .max) { breaker.noteHang(at: now) } else { breaker.noteCrash(at: now) }
        // Which of several it was cannot be told: those that are well are soon answered again.
        let suspects = Set(ended.calls.values)
        for command in suspects { commandBreakers[command, default: CrashBreaker()].noteCrash(at: now) }
        if case .open = breaker.phase { return (true, refuseWaiting(at: now)) }
        return (true, refuseWaiting(for: suspects.filter(isQuarantined), at: now) + startMissing(at: now))
    }

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

    /// A call goes on though its caller is gone: its worker takes no more calls, and ends as soon as no others run in it.
    mutating func forsake(_ ticket: UInt64, grace: UInt64, at now: UInt64) -> [Action] {
        guard let worker = worker(of: ticket) else { return [] }
        workers[worker]!.forsaken[ticket] = grace
        if case .serving = workers[worker]!.phase { workers[worker]!.phase = .retiring }
        return endForsaken(worker, at: now) + startMissing(at: now)
    }

    /// Ends a worker in which none but forsaken calls run.
    mutating func endForsaken(_ number: Int, at now: UInt64) -> [Action] {
        guard let worker = workers[number], worker.phase == .retiring, let grace = worker.forsaken.values.max(),
            worker.forsaken.count == worker.calls.count
        else { return [] }
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
        actions += stopIdle(at: now)
        return actions
    }
}
