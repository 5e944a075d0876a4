import CLinux
import FastDaemonIO
import Glibc

extension ServerCore {
    /// How things stand, for people, in one line. On a loop.
    var statusLine: String {
        let commands = generation.routing.routes.count - BuiltInCommand.allCases.count
        let connections = connections.load(ordering: .relaxed)
        return "\(commands) commands of \(generation.plugins.count) plugins; \(connections) connections"
    }
}

/// The ends that nobody waits for: there was nothing to do for long, or another process has taken over. Unlike a signal to stop
/// they take nothing from those who are connected.
extension Daemon {
    /// Starts the program anew, with the same sockets, and retires when that one serves.
    func upgrade(_ shutdown: Shutdown) async {
        guard await service.handOver(listeners.sockets, on: loops.loops[0], log) else { return }
        log.write(
            .notice, "the new daemon serves; this one finishes what it has begun",
            [("connections", .number(core.connections.load(ordering: .relaxed)))])
        await retire(shutdown)
    }

    /// Retires when there has been nothing to do for as long as the config says, and as each reload says anew.
    func retireWhenIdle(_ shutdown: Shutdown) async {
        var timer: Task<Void, Never>?
        for await _ in service.configured {
            timer?.cancel()
            let seconds = core.generation.configuration.idleExitSeconds
            if seconds > 0 {
                timer = Task(executorPreference: loops.loops[0]) { await self.retire(afterIdle: seconds, shutdown) }
            }
        }
        timer?.cancel()
    }

    /// Waits until there has been nothing to do for so long, by one timer, and retires then.
    private func retire(afterIdle seconds: Double, _ shutdown: Shutdown) async {
        let idle = IdleExit(limit: nanoseconds(seconds))
        while !Task.isCancelled {
            let isBusy = core.connections.load(ordering: .acquiring) > 0 || !core.running.all.isEmpty
            let lastActivity = core.lastActivity.load(ordering: .relaxed)
            switch idle.decision(at: clinux_now(), isBusy: isBusy, lastActivity: lastActivity) {
            case .wait(let time): await loops.loops[0].sleep(nanoseconds: time)
            case .exit:
                log.write(.notice, "stopping: there was nothing to do for \(seconds) s (idleExitSeconds)")
                service.stopping(status: "stopping; there was nothing to do")
                return await retire(shutdown)
            }
        }
    }

    /// Accepts nothing new but what is queued already, and lets connections live on until they end by themselves, or until three
    /// quarters of the drain limit have passed; the rest of it is for the calls that still run then.
    private func retire(_ shutdown: Shutdown) async {
        reloader.close()
        listeners.stop(leavesQueues: false)
        Task(executorPreference: loops.loops[0]) {
            while self.listeners.areDraining { await self.loops.loops[0].sleep(nanoseconds: 10_000_000) }
            self.listeners.letGo()
        }
        let limit = core.limits.drainSeconds
        await loops.loops[0].sleep(nanoseconds: nanoseconds(limit * 0.75))
        if Task.isCancelled { return }
        endReading()
        await giveUpInTime(shutdown, seconds: limit * 0.25)
    }
}
