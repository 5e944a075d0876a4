import CLinux
import FastDaemonHost
import FastDaemonIO
import FastDaemonProtocol

/// How long a session may take.
extension Session {
    /// How long a handler that was told to stop has to say goodbye, in nanoseconds.
    private static let grace: UInt64 = 250_000_000

    /// When there is something to do though nothing comes.
    var deadline: UInt64 {
        if assigned != nil { return 0 }
        if phase == .request { return begin + nanoseconds(core.limits.firstRecordSeconds) }
        if let surrender, phase != .ending { return surrender.time }
        let stall = lastProgress + nanoseconds(core.limits.sessionIdleSeconds)
        switch phase {
        case .gathering: return min(clock.deadline ?? .max, stall)
        // An end that is not the command's own is on its way already.
        case .ending where request.deadline > 0 && end?.frame.verdict == .completed:
            return min(request.deadline, stall)
        // While the command runs, its service looks at its clock.
        default: return stall
        }
    }

    func expire() {
        let now = loop.now
        if deadline > now { return }
        switch phase {
        case .request:
            finish(
                .violation,
                "the request was not whole within \(core.limits.firstRecordSeconds) s (limits.firstRecordSeconds)")
        case .ending where request.deadline > 0 && request.deadline <= now && end?.frame.verdict == .completed:
            finish(.timedOut, overdue)
        case .gathering where clock.expire(at: now) != .nothing:
            finish(.timedOut, clock.explanation(route!.name))
        case .ending where end?.frame.verdict == .completed && !isWaitingForRoom: finish(.timedOut, stalled)
        case .ending, .over: hangUp()
        case .gathering, .running:
            if let surrender {
                finish(surrender.verdict, surrender.text)
                if surrender.verdict == .timedOut, let running { service.outlive(running, because: surrender.text) }
            } else if let began = waitBegan {
                let stall = nanoseconds(core.limits.sessionIdleSeconds)
                if began + stall <= now { giveUp(.timedOut, stalled, because: .time) } else { lastProgress = began }
            } else {
                // It is busy.
                lastProgress = now
            }
        }
    }

    /// Since when the command waits for its client; nil where it does not.
    private var waitBegan: UInt64? {
        if phase == .gathering { return lastProgress }
        guard let call, call.waitsForClient else { return nil }
        return max(lastProgress, call.waitBegan.load(ordering: .relaxed))
    }

    private var stalled: String {
        "\(route!.name): it waited \(core.limits.sessionIdleSeconds) s for its caller to send or to read something "
            + "(limits.sessionIdleSeconds)"
    }

    private var overdue: String {
        "\(route!.name): it ran past the caller's limit of \(Double(request.timeout) / 1000) s"
    }

    /// Tells the call to stop, and ends the session soon whether it does or not.
    func giveUp(_ verdict: SessionVerdict, _ text: String, because reason: CancellationReason) {
        guard let call, surrender == nil, phase == .gathering || phase == .running else { return }
        // The loop's clock may stand where it last woke up.
        surrender = (verdict, text, clinux_now() + Self.grace)
        if phase == .gathering { return finish(verdict, text) }
        call.cancel(reason)
        running?.abandon()
        connection.wakeReader()
    }

    /// The worker process that this runs in is told to end. The daemon finds the words for that.
    func noteTermination() {
        if phase == .request { return finish(.crashed, "") }
        giveUp(.crashed, "", because: .shutdown)
    }

    /// The daemon is going down and has waited long enough. Returns whether that gave something up whose command does not
    /// run, or not any more.
    func noteShutdown() -> Bool {
        let text = "given up: the daemon is shutting down"
        switch phase {
        case .running:
            giveUp(.shuttingDown, "\(route!.name): \(text)", because: .shutdown)
            return false
        case .gathering, .request:
            finish(.shuttingDown, text)
            return true
        case .ending where end?.frame.verdict == .completed:
            finish(.shuttingDown, text)
            return true
        case .ending, .over: return false
        }
    }
}
