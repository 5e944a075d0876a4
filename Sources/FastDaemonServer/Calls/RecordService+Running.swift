import CLinux
import FastDaemonHost

/// The way of a call: its turn, its run on the pool, its end.
extension RecordService {
    /// Sees a call through until its caller can be answered: to its end, or until it is given up. In the latter case it goes on by
    /// itself. On the loop.
    func run(_ running: RunningCall) async -> CallEnd {
        core.running.add(running)
        return await withUnsafeContinuation { continuation in
            running.answer = continuation
            // It lives on in `core.running`, which is waited for before the plugins go.
            Task(executorPreference: loop) { self.noteEnd(of: running, await self.perform(running)) }
        }
    }

    private func perform(_ running: RunningCall) async -> CallEnd {
        let call = running.call
        watch(running)
        guard let gate = running.gate else {
            begin(running, at: running.received)
            return .ended(status: await call.finished(), begin: running.begin)
        }
        let isWanted = call.cancellationReason == 0
        switch isWanted ? await gate.enter(ticket: call.id, countsGlobally: running.countsGlobally) : .abandoned {
        case .running: break
        case .busy(let others, let waiting): return refuse(running, others: others, waiting: waiting)
        case .abandoned: return .abandoned
        }
        defer { gate.leave(countsGlobally: running.countsGlobally, wasOverdue: running.isOverdue) }
        // Between its turn's coming and this it may have been cancelled, when nobody found it waiting.
        if call.cancellationReason != 0 { return .abandoned }
        let now = clinux_now()
        // Its turn has come, and its time is over.
        if running.clock.expire(at: now) != .nothing || running.clock.passed != nil { return .abandoned }
        begin(running, at: now)
        if running.route.execution == .process { return await runInWorker(running, begin: now) }
        switch await runOnPool(running) {
        case .status(let status): return .ended(status: status, begin: running.begin)
        case .later: return .ended(status: await call.finished(), begin: running.begin)
        case .noDirectory(let code): return .noDirectory(code)
        }
    }

    private func refuse(_ running: RunningCall, others: Int, waiting: Int) -> CallEnd {
        running.route.statistics[index].countRefusal()
        let now = clinux_now()
        core.logAccess(running, status: ServerCore.tryAgain, begin: now, end: now)
        return .busy(core.busy(running.route, running: others, waiting: waiting))
    }

    func begin(_ running: RunningCall, at time: UInt64) {
        running.begin = time
        running.clock.begin(at: time)
        running.call.limitDeadline = running.clock.deadline ?? 0
        running.call.hasBegun.store(true, ordering: .relaxed)
    }

    private func runOnPool(_ running: RunningCall) async -> Call.Outcome {
        running.holdsThread = true
        defer {
            running.holdsThread = false
            if running.isStuck { core.pool.noteReturn() }
        }
        return await withTaskExecutorPreference(core.pool, operation: { running.call.runOnPool() })
    }

    /// The call has ended.
    private func noteEnd(of running: RunningCall, _ end: CallEnd) {
        if let timer = running.timer.take() { loop.cancel(timer) }
        running.clock.end()
        running.whenOverdue = nil
        core.running.remove(running)
        guard let answer = running.answer.take() else { return noteLateEnd(of: running, end) }
        guard running.clock.passed != nil else { return answer.resume(returning: end) }
        answer.resume(returning: timedOut(running, running.clock.explanation(running.route.name)))
    }
}
