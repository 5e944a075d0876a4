import FastDaemonHost
import FastDaemonIO

/// The end of plugins that are not served any more.
extension Reloader {
    /// Gives up what goes on in plugins that were replaced when it has gone on for too long.
    ///
    /// - Parameters:
    ///   - plugins: their numbers.
    ///   - drain: how long, in nanoseconds.
    func limitDraining(of plugins: Set<Int>, to drain: UInt64) async {
        await loops.loops[0].sleep(nanoseconds: drain)
        for service in services { service.loop.execute { service.giveUp(plugins) } }
        await loops.loops[0].sleep(nanoseconds: nanoseconds(core.limits.graceSeconds))
        for service in services { service.loop.execute { service.endStubborn(plugins) } }
    }
}

extension RecordService {
    private static func explanation(_ route: Route) -> String {
        "\(route.name): given up: another version took its place"
    }

    /// Tells the calls that go on in plugins that they are not wanted, and ends sessions whose input is still coming.
    fileprivate func giveUp(_ plugins: Set<Int>) {
        for session in sessions.values where session.isGathering(for: plugins) {
            session.finish(.shuttingDown, Self.explanation(session.route!))
        }
        for running in calls(of: plugins) {
            core.log.write(
                .warning, "a call of a plugin that was replaced is given up (limits.drainSeconds)",
                [("command", .text(running.route.name)), ("call", .number(Int(truncatingIfNeeded: running.call.id)))])
            if let call = running.call as? SessionCall {
                call.giveUp(.shuttingDown, Self.explanation(running.route))
            } else {
                running.call.cancel(.shutdown)
                core.abandon(running.call.id)
            }
        }
    }

    /// Answers the callers of those that go on all the same, and ends the workers that they are in.
    fileprivate func endStubborn(_ plugins: Set<Int>) {
        for running in calls(of: plugins) {
            running.call.command.plugin.workers?.terminateWorker(
                of: running.call.id, graceNanoseconds: nanoseconds(core.limits.graceSeconds))
            outlive(running, as: .shuttingDown, because: Self.explanation(running.route))
        }
    }

    private func calls(of plugins: Set<Int>) -> [RunningCall] {
        core.running.all.filter { running in
            running.loop === loop && running.route.hosted.map { plugins.contains($0.number) } ?? false
        }
    }
}

extension Session {
    fileprivate func isGathering(for plugins: Set<Int>) -> Bool {
        phase == .gathering && route?.hosted.map { plugins.contains($0.number) } ?? false
    }
}
