import CLinux
import FastDaemonHost

/// What the loop takes note of when calls end.
extension RecordService {
    /// Whether the next inline call is to be timed. A reading of the clock costs about as much as all else that a pipelined
    /// call needs of the daemon's own code; so of the inline calls between two waits of the loop, the first is timed, and then
    /// one in 16. Where somebody wants the access log, all are.
    @inline(__always)
    func timesNextCall() -> Bool {
        if untimedCalls > 0, !core.notesAccesses {
            untimedCalls -= 1
            return false
        }
        untimedCalls = Self.untimedCallsInTurn
        return true
    }

    /// How many inline calls follow one that was timed before another is.
    private static let untimedCallsInTurn = 15

    /// Counts a call that ended, and logs it.
    ///
    /// - Parameter begin: when its turn had come, in nanoseconds of the monotonic clock.
    func note(_ running: RunningCall, status: Int32, begin: UInt64, bytesIn: Int, bytesOut: Int) {
        if running.gate != nil { running.route.statistics[index].queued.count(begin - running.received) }
        note(
            running.call, of: running.route, status: status, received: running.received, begin: begin,
            bytesIn: bytesIn, bytesOut: bytesOut)
    }

    /// Likewise, of a call that had no turn to wait for.
    ///
    /// - Parameter received: nil for when it began.
    @inline(never)
    func note(
        _ call: Call, of route: Route, status: Int32, received: UInt64? = nil, begin: UInt64, bytesIn: Int,
        bytesOut: Int
    ) {
        let end = clinux_now()
        let received = received ?? begin
        let statistics = route.statistics[index]
        statistics.countCall(status: status, bytesIn: bytesIn, bytesOut: bytesOut)
        statistics.ran.count(end - begin)
        if core.slow.wants(end - received, end: end) {
            core.slow.note(
                SlowCall(
                    id: call.id, command: route.name, caller: call.caller, status: status, received: received,
                    queued: begin - received, ran: end - begin))
        }
        guard core.notesAccesses else { return }
        core.note(
            Access(
                command: route.name, id: call.id, caller: call.caller, status: status, queued: begin - received,
                ran: end - begin, bytesIn: bytesIn, bytesOut: bytesOut))
    }
}
