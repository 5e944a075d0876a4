import CLinux
import FastDaemonHost
import FastDaemonIO
import FastDaemonPipeline
import FastDaemonSystem
import Glibc
import Synchronization

/// The daemon: listens, routes, runs, until it is told to stop.
public final class Daemon: Sendable {
    let core: ServerCore
    let log: Log
    let service: Service
    let loops: EventLoopGroup
    let services: [RecordService]
    let listeners: ListenerSet
    private let signals: Signals
    let reloader: Reloader
    let host: PluginHost

    /// Loads the plugins and opens the listeners. A plugin that cannot be loaded is logged, and the others serve.
    ///
    /// - Throws: what keeps it from serving anything: no listener to be had, no thread, no descriptor.
    public init(_ configuration: Configuration) throws(IOError) {
        service = Service()
        log = Log(configuration.log)
        // Before any thread exists that could be hit by one.
        Signals.ignoreBrokenPipes()
        loops = try EventLoopGroup(count: configuration.loopCount)
        // What comes while plugins are loaded is remembered; who wants to stop that still can.
        signals = try Signals([SIGHUP, SIGUSR1, SIGUSR2], on: loops.loops[0])
        host = try PluginHost(
            configuration.limits, log: log, loop: loops.loops[0], loopCount: loops.loops.count,
            crashNotes: Self.crashNotes(configuration, log))
        let draft = GenerationDraft(configuration, host: host)
        for problem in draft.problems { log.write(.error, problem) }
        core = ServerCore(draft.finished(), host, log: log, loopCount: loops.loops.count)
        services = loops.loops.enumerated().map { [core] in RecordService(core, loop: $1, index: $0) }
        for service in services { service.begin() }
        listeners = ListenerSet(loops: loops, service: service)
        let plan = listeners.plan(configuration)
        for problem in plan.problems.dropLast() { log.write(.error, "\(problem)") }
        if let problem = plan.problems.last { throw problem }
        _ = listeners.apply(plan, configuration.limits)
        service.closeUnwantedSockets(log)
        reloader = Reloader(core, listeners, services, loops: loops, host: host, file: configuration.file)
        core.reloader.withLock { [reloader] in $0 = reloader }
    }

    /// Without them the daemon serves all the same.
    private static func crashNotes(_ configuration: Configuration, _ log: Log) -> CrashNotes? {
        do {
            return try CrashNotes(configuration: configuration.file, in: CrashNotes.folder)
        } catch {
            log.write(.warning, "a crash will not be known to the next start: \(error)")
            return nil
        }
    }

    /// Waits until what was logged is written, but no longer than a moment: for the end of the process.
    public static func finishLogging() {
        Log.drain()
    }

    /// Serves until a signal says to stop, and everything that was under way has ended or was given up. The calling thread waits.
    ///
    /// - Returns: the exit status: 0 where everything was finished, 1 where something was dropped.
    public func run() throws(IOError) -> Int32 {
        try signals.add([SIGTERM, SIGINT, SIGQUIT])
        try service.takeUpModes()
        announce()
        return loops.loops[0].run { await self.serveUntilStopped() }
    }

    private func serveUntilStopped() async -> Int32 {
        let shutdown = Shutdown()
        return await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask(executorPreference: self.loops.loops[0]) { await self.obey(self.signals, shutdown) }
            tasks.addTask(executorPreference: self.loops.loops[0]) { await self.reloader.watch() }
            tasks.addTask(executorPreference: self.loops.loops[0]) { await self.retireWhenIdle(shutdown) }
            tasks.addTask(executorPreference: self.loops.loops[0]) {
                await self.service.watch(over: self.loops.loops) { self.core.statusLine }
            }
            tasks.addTask(executorPreference: self.loops.loops[0]) { await self.collectOrphans() }
            await self.serve()
            // Calls that were answered before they ended.
            await self.core.running.waitUntilEmpty()
            // The last call has ended.
            await self.core.retire(from: self.loops.loops)
            await self.finishReload(shutdown)
            await self.host.destruction.finish()
            self.host.crashNotes?.end()
            // Until here a second signal ends it at once, and so does its patience.
            tasks.cancelAll()
            self.log.write(.notice, "stopped")
            return shutdown.exitStatus
        }
    }

    /// The pipeline: the connections of all listeners are taken in by the loops that they live on; what each of them sends is split
    /// into records, routed by the first word, run, and answered in order. Where something has to be waited for, tasks do that side by
    /// side (`RecordService`).
    private func serve() async {
        await withDiscardingTaskGroup { tasks in
            for service in services {
                tasks.addTask(executorPreference: service.loop) { await service.serveWaiting() }
            }
            await takeConnections()
            for service in services { await service.takeNoMore() }
        }
    }

    private func takeConnections() async {
        await withDiscardingTaskGroup { pipelines in
            for await listener in listeners.opened {
                switch listener.socket {
                case .stream(let server):
                    for loop in loops.loops {
                        let connections = server.connections(on: loop) { [log] error in log.write(.warning, "\(error)")
                        }
                        pipelines.addTask(executorPreference: loop) {
                            await connections.takeEach { connection in
                                self.recordService(on: connection.loop).take(connection, of: listener)
                            }
                        }
                    }
                case .datagram(let socket):
                    pipelines.addTask(executorPreference: socket.loop) {
                        await self.recordService(on: socket.loop).serve(socket, of: listener)
                    }
                }
            }
        }
    }

    private func recordService(on loop: EventLoop) -> RecordService {
        services.first { $0.loop === loop }!
    }

    /// Says where it listens, and how to try it.
    private func announce() {
        let generation = core.generation
        for listener in listeners.all.map(\.configuration) where !listener.address.isLoopback {
            log.write(
                .warning,
                "\(listener.name) can be reached from other machines; the protocol has no authentication of its own")
        }
        let names = listeners.all.map(\.name)
        for name in names { log.write(.notice, "listening", [("address", .text(name))]) }
        log.write(
            .notice, "ready",
            [
                ("version", .text(fastDaemonVersion)), ("process", .number(Int(getpid()))),
                ("plugins", .number(generation.plugins.count)),
                ("commands", .number(generation.routing.routes.count - BuiltInCommand.allCases.count)),
            ])
        // Who is told that it is ready may look into the log.
        if service.isHeard { Log.drain() }
        let error = service.ready(
            status: "it listens at \(names.joined(separator: ", ")), as \(generation.configuration.file) says",
            listeners: listeners.sockets)
        if error != 0 {
            log.write(
                .notice, "whoever started the daemon could not be told that it is ready",
                [("error", .text(String(cString: strerror(error))))])
        }
    }

    // MARK: - Signals

    /// Reloads at SIGHUP, hands over to a new process at SIGUSR2, says that SIGUSR1 means nothing, and stops at the others.
    private func obey(_ signals: Signals, _ shutdown: Shutdown) async {
        var received = signals.makeAsyncIterator()
        while let signal = await received.next() {
            switch signal {
            case SIGHUP: reloader.begin()
            case SIGUSR1:
                log.write(
                    .notice, "SIGUSR1 has no meaning here: the log goes to standard error, and is not opened anew")
            // Beside this, because it takes a while.
            case SIGUSR2: Task(executorPreference: loops.loops[0]) { await self.upgrade(shutdown) }
            default: return await stop(because: signal, received, shutdown)
            }
        }
    }
}
