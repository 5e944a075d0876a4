import CLinux
import FastDaemonHost
import FastDaemonIO
import FastDaemonProtocol
import Glibc

/// The daemon's side of calls that run in worker processes.
extension RecordService {
    /// Has a call that may run now run in a worker of its plugin. On the loop.
    func runInWorker(_ running: RunningCall, begin: UInt64) async -> CallEnd {
        let call = running.call
        let pool = call.command.plugin.workers!
        let relay = WorkerRelay(
            call, on: loop, pool, core.budget, grace: nanoseconds(core.limits.graceSeconds))
        relay.listen()
        defer {
            relay.finish()
            (running.whenGone, running.whenOverdue) = (nil, nil)
        }
        running.whenGone = { relay.hangUp() }
        running.whenOverdue = { [core] in
            pool.terminateWorker(of: call.id, graceNanoseconds: nanoseconds(core.limits.graceSeconds))
        }
        while true {
            if call.cancellationReason != 0 { return .abandoned }
            switch await pool.enter(call.id, command: running.route.name) {
            case .abandoned: return .abandoned
            case .refused(let text):
                running.route.statistics[index].countRefusal()
                let now = clinux_now()
                core.logAccess(running, status: ServerCore.tryAgain, begin: now, end: now)
                return .busy("\(running.route.name): \(text)")
            case .running(let lease):
                if let end = await run(running, in: lease, relay, begin: begin) { return end }
            }
        }
    }

    /// Returns nil where the worker had ended before it knew of the call.
    private func run(
        _ running: RunningCall, in lease: WorkerPool.Lease, _ relay: WorkerRelay, begin: UInt64
    ) async -> CallEnd? {
        let pool = relay.pool
        do {
            guard try relay.begin(in: lease) else {
                _ = await pool.end(of: lease)
                pool.leave(lease, isAnswered: false)
                return nil
            }
        } catch {
            pool.leave(lease, isAnswered: false)
            let text = "\(running.route.name): \(error); try again later"
            return .failed(CallFailure(verdict: .busy, status: 75, text: text, begin: begin))
        }
        guard let (end, text) = await relay.converse() else {
            let how = await pool.end(of: lease)
            pool.leave(lease, isAnswered: false)
            // What the handler wrote before.
            await relay.drain()
            return .failed(failure(of: running, how, begin: begin))
        }
        pool.leave(lease, isAnswered: end.verdict == .completed)
        await relay.drain()
        if end.verdict == .completed { return .ended(status: Int32(end.status), begin: begin) }
        if end.verdict == .crashed { return .failed(failure(of: running, .killed(signal: SIGTERM), begin: begin)) }
        return .failed(
            CallFailure(verdict: end.verdict, status: end.status, text: Printable.line(text), begin: begin))
    }

    private func failure(of running: RunningCall, _ end: WorkerEnd, begin: UInt64) -> CallFailure {
        let text = "\(running.call.command.plugin.name): \(running.route.name): its worker process \(end.description)"
        return CallFailure(verdict: .crashed, status: end.exitStatus, text: text, begin: begin)
    }
}
