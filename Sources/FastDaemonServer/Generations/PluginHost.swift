import FastDaemonHost
import FastDaemonSystem
import Glibc

/// What the plugins of all generations share.
struct PluginHost: Sendable {
    let pool: ThreadPool
    let services: HostServices
    let admission: Admission
    let statistics: StatisticsTable
    let destruction = PluginDestruction()

    /// Who is to blame for crashes of earlier daemons; nil where nobody is asked.
    let crashNotes: CrashNotes?

    let log: Log

    init(_ limits: Limits, log: Log, loopCount: Int, crashNotes: CrashNotes? = nil) throws(IOError) {
        self.log = log
        self.crashNotes = crashNotes
        let mask = umask(0o077)
        umask(mask)
        pool = try ThreadPool(limit: limits.commands, umask: mask)
        services = HostServices(pool: pool, log: log, notesCrashes: crashNotes != nil)
        admission = Admission(limit: limits.commands)
        statistics = StatisticsTable(loopCount: loopCount)
    }
}
