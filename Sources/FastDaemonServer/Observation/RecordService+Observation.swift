import CLinux
import FastDaemonHost

/// What the loop takes note of when calls end.
extension RecordService {
    /// Whether the next inline call is to be timed. A reading of the clock costs about as much as all else that a pipelined
    /// call needs of the daemon's own code; so of the inline calls between two waits of the loop, the first is timed, and then
    /// one in 16. Where the access log is on, all are.
    func timesNextCall() -> Bool {
        if untimedCalls > 0, !core.log.writes(.info) {
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
        let end = clinux_now()
        let statistics = running.route.statistics[index]
        statistics.countCall(status: status, bytesIn: bytesIn, bytesOut: bytesOut)
        if running.gate != nil { statistics.queued.count(begin - running.received) }
        statistics.ran.count(end - begin)
        core.logAccess(running, status: status, begin: begin, end: end, bytesIn: bytesIn, bytesOut: bytesOut)
    }
}
