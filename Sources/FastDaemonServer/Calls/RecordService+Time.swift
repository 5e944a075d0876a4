import CLinux
import FastDaemonHost
import FastDaemonIO
import FastDaemonProtocol

/// What happens to calls whose time is over.
extension RecordService {
    /// Has the call's clock looked at when there is something to do.
    func watch(_ running: RunningCall) {
        guard let deadline = running.clock.deadline else { return }
        running.timer = loop.schedule(at: deadline) { [self] in
            running.timer = nil
            check(running)
        }
    }

    private func check(_ running: RunningCall) {
        switch running.clock.expire(at: clinux_now()) {
        case .nothing: break
        case .drop: running.gate?.abandon(running.call.id)
        case .cancel: running.call.cancel(.time)
        case .giveUp: outlive(running, because: running.clock.explanation(running.route.name))
        }
        watch(running)
    }

    /// Answers the caller of a call that does not stop. The call goes on, and its place behind its plugin's gate stays taken;
    /// the daemon has one more thread for others.
    func outlive(_ running: RunningCall, as verdict: SessionVerdict = .timedOut, because text: String) {
        guard let answer = running.answer.take() else { return }
        running.clock.end()
        running.noteOverdue()
        running.gate?.noteOverdue(countsGlobally: running.countsGlobally)
        if running.holdsThread {
            running.isStuck = true
            core.pool.noteStuck()
        }
        core.log.write(.warning, "a call goes on past its limit", fields(of: running))
        running.whenOverdue?()
        answer(outlived(running, as: verdict, text))
    }

    /// A call has ended whose caller was answered before.
    func noteLateEnd(of running: RunningCall, _ end: CallEnd) {
        var fields = fields(of: running)
        if case .ended(let status, _) = end { fields.append(("status", .number(Int(status)))) }
        core.log.write(.notice, "an overdue call has ended", fields)
    }

    private func fields(of running: RunningCall) -> [(String, Log.Field)] {
        [
            ("command", .text(running.route.name)), ("call", .number(Int(truncatingIfNeeded: running.call.id))),
            ("peer", .text("\(running.call.caller)")),
            ("ran_us", .number(Int((clinux_now() - running.begin) / 1000))),
        ]
    }

    func outlived(_ running: RunningCall, as verdict: SessionVerdict = .timedOut, _ text: String) -> CallEnd {
        .outlived(verdict, text, begin: running.begin > 0 ? running.begin : nil)
    }

    /// Counts and logs a call whose caller was answered in its place.
    func noteOutlived(_ running: RunningCall, _ verdict: SessionVerdict, begin: UInt64?, bytesIn: Int, bytesOut: Int) {
        let status = Int32(verdict.exitStatus ?? 0)
        if let begin { return note(running, status: status, begin: begin, bytesIn: bytesIn, bytesOut: bytesOut) }
        running.route.statistics[index].countRefusal()
        let now = clinux_now()
        core.logAccess(running, status: status, begin: now, end: now)
    }
}
