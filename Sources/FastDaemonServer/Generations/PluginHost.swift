import CLinux
import FastDaemonHost
import FastDaemonIO
import FastDaemonSystem
import Glibc

/// What the plugins of all generations share.
struct PluginHost: Sendable {
    let pool: ThreadPool
    let services: HostServices
    let admission: Admission
    let statistics: StatisticsTable
    let destruction: PluginDestruction
    let steps: LongSteps

    /// Who is to blame for crashes of earlier daemons; nil where nobody is asked.
    let crashNotes: CrashNotes?

    let log: Log

    /// - Parameter loop: has threads that were not to be had asked for again, and looks after what takes long; nil where nothing is
    ///   served.
    init(
        _ limits: Limits, log: Log, loop: EventLoop?, loopCount: Int, crashNotes: CrashNotes? = nil
    ) throws(IOError) {
        self.log = log
        self.crashNotes = crashNotes
        let mask = umask(0o077)
        umask(mask)
        let retry = loop.map { Self.retry(on: $0, log) }
        pool = try ThreadPool(limit: limits.commands, umask: mask, retry: retry)
        steps = LongSteps(log: log, loop: loop)
        destruction = PluginDestruction(steps: steps, retry: retry)
        services = HostServices(pool: pool, log: log, notesCrashes: crashNotes != nil)
        admission = Admission(limit: limits.commands)
        statistics = StatisticsTable(loopCount: loopCount)
    }

    /// Has what needs a thread tried again, at first soon, and then each second.
    private static func retry(on loop: EventLoop, _ log: Log) -> ThreadRetry {
        { error, failures, again in
            if failures == 0 { log.write(.warning, "\(error); it is tried again") }
            let pause: UInt64 = min(10_000_000 << UInt64(min(failures, 10)), 1_000_000_000)
            loop.execute { _ = loop.schedule(at: clinux_now() + pause, again) }
        }
    }
}
