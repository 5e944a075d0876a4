import FastDaemonHost
import FastDaemonIO
import Glibc
import Synchronization

/// How the daemon stops.
extension Daemon {
    func stop(because first: Int32, _ signals: Signals.Iterator, _ shutdown: Shutdown) async {
        reloader.close()
        service.stopping(status: "stopping; what runs is finished")
        log.write(
            .notice, "stopping: no new connections; what runs is finished",
            [("signal", .number(Int(first))), ("running", .number(core.running.all.count))])
        listeners.stop(leavesQueues: true)
        var signals = signals
        await withDiscardingTaskGroup { tasks in
            tasks.addTask(executorPreference: self.loops.loops[0]) { await self.giveUpInTime(shutdown) }
            tasks.addTask(executorPreference: self.loops.loops[0]) { await self.endConnections() }
            // A daemon that stops has nothing to reload for, and nothing to hand over.
            var second = await signals.next()
            while let signal = second, [SIGHUP, SIGUSR1, SIGUSR2].contains(signal) { second = await signals.next() }
            guard let second else { return tasks.cancelAll() }
            log.write(.warning, "stopping at once", [("signal", .number(Int(second)))])
            dropAll(shutdown)
            exitNow(128 + second)
        }
    }

    /// How often at most the loops are looked at before connections that ask for nothing are let go of.
    private static let mostVisits = 1000

    /// How long those have to ask who have connected to a socket that stays, in nanoseconds: they need not know of a restart. It
    /// is a part of the time that everything has to end.
    private var restartPatience: UInt64 { nanoseconds(min(1, core.limits.drainSeconds / 2)) }

    /// Lets go of the connections that ask for nothing, once nobody can connect any more.
    private func endConnections() async {
        // Each loop hears of it, and then accepts what waits. One that has no descriptor for that gets it from those that are let go of.
        for count in 0..<Self.mostVisits where count < 2 || listeners.areDraining {
            for loop in loops.loops { await loop.visit() }
        }
        if listeners.sockets.contains(where: { $0.isShared && !$0.isDatagram }) {
            await loops.loops[0].sleep(nanoseconds: restartPatience)
        }
        endReading()
    }

    /// Lets go of the connections that ask for nothing.
    func endReading() {
        for service in services {
            service.loop.execute {
                service.loop.endReading()
                service.endStreams()
            }
        }
    }

    /// How long cancelled calls have to end by themselves, in nanoseconds.
    private static let grace: UInt64 = 1_000_000_000

    func giveUpInTime(_ shutdown: Shutdown, seconds: Double? = nil) async {
        await loops.loops[0].sleep(nanoseconds: nanoseconds(seconds ?? core.limits.drainSeconds))
        if Task.isCancelled { return }
        dropAll(shutdown)
        // Before the calls: a session that finds its call cancelled already would not know that this is the end.
        for service in services {
            service.loop.execute { [log] in
                let count = service.giveUpSessions()
                if count == 0 { return }
                shutdown.noteDropped()
                log.write(.warning, "dropped sessions that waited for their callers", [("sessions", .number(count))])
            }
        }
        for running in core.running.all {
            running.loop.execute { [core] in
                guard core.running.contains(running) else { return }
                running.call.cancel(.shutdown)
                running.abandon()
            }
        }
        await loops.loops[0].sleep(nanoseconds: Self.grace)
        if Task.isCancelled { return }
        giveUpRest(shutdown)
    }

    /// How long a reload that hangs has to end by itself, in nanoseconds.
    private static let reloadPatience: UInt64 = 5_000_000_000

    /// Waits for the reload at hand, but not as for calls: what it loads is thrown away.
    func finishReload(_ shutdown: Shutdown) async {
        let patience = Task(executorPreference: loops.loops[0]) {
            await self.loops.loops[0].sleep(nanoseconds: Self.reloadPatience)
            if !Task.isCancelled { await self.giveUpReload(shutdown) }
        }
        await reloader.finish()
        patience.cancel()
        // A library that is still being loaded, though nobody waits for it, must not see the end of the process from within.
        if reloader.isLoading { await giveUpReload(shutdown) }
    }

    /// Ends the process although a reload goes on. What was served, which the reload compares with what it finds, is destroyed
    /// before that; what it has loaded itself was never called.
    private func giveUpReload(_ shutdown: Shutdown) async {
        log.write(.warning, "gave up the reload")
        host.destruction.beginServed()
        await host.destruction.finish()
        giveUpRest(shutdown)
    }

    /// Ends the process although not everything has ended, and says what has not. What nobody was served by does not count.
    private func giveUpRest(_ shutdown: Shutdown) {
        for step in host.steps.running {
            log.write(.warning, "gave up \(step.kind): \(step.obstacle())", [("plugin", .text(step.plugin))])
            if step.kind == .destroying { shutdown.noteDropped() }
        }
        for plugin in host.destruction.waiting {
            log.write(.warning, "not destroyed, because another was not", [("plugin", .text(plugin))])
            shutdown.noteDropped()
        }
        for (plugin, wasServed) in host.destruction.held {
            log.write(.warning, "not destroyed: what was under way has not ended", [("plugin", .text(plugin))])
            if wasServed { shutdown.noteDropped() }
        }
        let connections = core.connections.load(ordering: .acquiring)
        if connections > 0 {
            log.write(
                .warning, "dropped connections whose replies were not sent", [("connections", .number(connections))])
            shutdown.noteDropped()
        }
        log.write(.notice, "stopped before everything had ended")
        exitNow(shutdown.exitStatus)
    }

    private func dropAll(_ shutdown: Shutdown) {
        for running in core.running.all {
            shutdown.noteDropped()
            log.write(
                .warning, "dropped a call",
                [
                    ("command", .text(running.route.name)), ("call", .number(Int(truncatingIfNeeded: running.call.id))),
                    ("peer", .text("\(running.call.caller)")),
                ])
        }
    }

    /// Ends the process without waiting for anybody. Sockets leave no file behind.
    func exitNow(_ status: Int32) {
        listeners.removeFiles()
        host.crashNotes?.end()
        Log.drain()
        _exit(status)
    }
}

/// How the shutdown went.
final class Shutdown: Sendable {
    private let dropped = Atomic(0)

    func noteDropped() { dropped.add(1, ordering: .relaxed) }

    var exitStatus: Int32 { dropped.load(ordering: .relaxed) == 0 ? 0 : 1 }
}
