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

    init(_ limits: Limits, log: Log, loopCount: Int) throws(IOError) {
        let mask = umask(0o077)
        umask(mask)
        pool = try ThreadPool(limit: limits.commands, umask: mask)
        services = HostServices(pool: pool, log: log)
        admission = Admission(limit: limits.commands)
        statistics = StatisticsTable(loopCount: loopCount)
    }
}
