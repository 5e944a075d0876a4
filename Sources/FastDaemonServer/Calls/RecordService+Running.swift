import CLinux
import FastDaemonHost

/// The way of a call: its turn, its run on the pool, its end.
extension RecordService {
    /// Sees a call through until its caller can be answered: to its end, or until it is given up. In the latter case it goes on by
    /// itself. On the loop.
    func run(_ running: RunningCall) async -> CallEnd {
        await withUnsafeContinuation { continuation in
            run(running) { continuation.resume(returning: $0) }
        }
    }

    /// Likewise, without a task: most calls need none on their way.
    ///
    /// - Parameter answer: called once, on the loop; it may be at once.
    func run(_ running: RunningCall, answer: @escaping (CallEnd) -> Void) {
        // It lives on there, which is waited for before the plugins go.
        core.running.add(running)
        running.answer = answer
        watch(running)
        guard let gate = running.gate else {
            begin(running, at: running.received)
            return finishLater(running)
        }
        if running.call.cancellationReason != 0 { return noteEnd(of: running, .abandoned) }
        let entry = gate.enter(
            ticket: running.call.id, countsGlobally: running.countsGlobally,
            waiter: { mayRun in
                self.loop.post { if mayRun { self.takeTurn(running) } else { self.noteEnd(of: running, .abandoned) } }
            })
        switch entry {
        case .running: takeTurn(running)
        case .waiting: break
        case .busy(let others, let waiting):
            noteEnd(of: running, refuse(running, others: others, waiting: waiting))
        }
    }

    /// A call's turn has come.
    private func takeTurn(_ running: RunningCall) {
        // Between its turn's coming and this it may have been cancelled, when nobody found it waiting.
        if running.call.cancellationReason != 0 { return leave(running, .abandoned) }
        let now = clinux_now()
        // Its turn has come, and its time is over.
        let isOver = running.clock.expire(at: now) != .nothing || running.clock.passed != nil
        if isOver { return leave(running, .abandoned) }
        begin(running, at: now)
        if running.route.execution == .process {
            Task(executorPreference: loop) { self.leave(running, await self.runInWorker(running, begin: now)) }
        } else {
            running.holdsThread = true
            handedOver.append(running)
        }
    }

    /// Gives the pool what came up in this round, all of it together.
    func handOverCalls() {
        if !handedOver.isEmpty { core.pool.submit(&handedOver) }
    }

    /// A thread of the pool has come back from the call's handler.
    func noteReturn(of running: RunningCall) {
        running.holdsThread = false
        if running.isStuck { core.pool.noteReturn() }
        switch running.outcome {
        case .status(let status): leave(running, .ended(status: status, begin: running.begin))
        case .later: finishLater(running)
        case .noDirectory(let code): leave(running, .noDirectory(code))
        }
    }

    /// Waits for a call whose handler said "later".
    private func finishLater(_ running: RunningCall) {
        Task(executorPreference: loop) {
            let status = await running.call.finished()
            self.leave(running, .ended(status: status, begin: running.begin))
        }
    }

    /// A call whose turn had come has ended.
    private func leave(_ running: RunningCall, _ end: CallEnd) {
        running.gate?.leave(countsGlobally: running.countsGlobally, wasOverdue: running.isOverdue)
        noteEnd(of: running, end)
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

    /// The call has ended.
    private func noteEnd(of running: RunningCall, _ end: CallEnd) {
        if let timer = running.timer.take() { loop.cancel(timer) }
        running.clock.end()
        running.whenOverdue = nil
        core.running.remove(running)
        guard let answer = running.answer.take() else { return noteLateEnd(of: running, end) }
        guard running.clock.passed != nil else { return answer(end) }
        answer(outlived(running, running.clock.explanation(running.route.name)))
    }
}
