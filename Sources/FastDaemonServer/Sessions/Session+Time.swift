import FastDaemonHost
import FastDaemonIO
import FastDaemonProtocol

/// How long a session may take.
extension Session {
    /// How long a handler that was told to stop has to say goodbye, in nanoseconds.
    private static let grace: UInt64 = 250_000_000

    /// When there is something to do though nothing comes.
    var deadline: UInt64 {
        if phase == .request { return begin + nanoseconds(core.limits.firstRecordSeconds) }
        if let surrender, phase != .ending { return surrender.time }
        let stall = lastProgress + nanoseconds(core.limits.sessionIdleSeconds)
        return request.deadline > 0 && phase != .ending ? min(request.deadline, stall) : stall
    }

    func expire() {
        let now = loop.now
        if deadline > now { return }
        switch phase {
        case .request:
            finish(
                .violation,
                "the request was not whole within \(core.limits.firstRecordSeconds) s (limits.firstRecordSeconds)")
        case .ending, .over: hangUp()
        case .gathering, .running:
            if let surrender {
                finish(surrender.verdict, surrender.text)
            } else if request.deadline > 0, request.deadline <= now {
                let seconds = Double(request.timeout) / 1000
                giveUp(.timedOut, "\(route!.name): it ran past the caller's limit of \(seconds) s", because: .time)
            } else if call?.waitsForClient == true {
                giveUp(
                    .timedOut,
                    "\(route!.name): it waited \(core.limits.sessionIdleSeconds) s for its caller to send or to read "
                        + "something (limits.sessionIdleSeconds)", because: .time)
            } else {
                // It is busy.
                lastProgress = now
            }
        }
    }

    /// Tells the call to stop, and ends the session soon whether it does or not.
    func giveUp(_ verdict: SessionVerdict, _ text: String, because reason: CancellationReason) {
        guard let call, surrender == nil, phase == .gathering || phase == .running else { return }
        surrender = (verdict, text, loop.now + Self.grace)
        if phase == .gathering { return finish(verdict, text) }
        call.cancel(reason)
        core.abandon(call.id)
        connection.wakeReader()
    }

    /// The call was cancelled, for a reason as the ABI numbers it. From any thread.
    func noteCancellation(_ reason: Int32) {
        guard reason == CancellationReason.shutdown.rawValue else { return }
        loop.execute {
            self.giveUp(
                .shuttingDown, "\(self.route!.name): given up: the daemon is shutting down", because: .shutdown)
        }
    }
}
