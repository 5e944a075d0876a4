import CLinux
import FastDaemonHost
import FastDaemonIO
import FastDaemonPipeline
import FastDaemonSystem
import Glibc
import Synchronization

/// The daemon: listens, routes, runs, until it is told to stop.
public final class Daemon: Sendable {
    private let configuration: Configuration
    private let core: ServerCore
    private let log: Log
    private let notice: ReadinessNotice?
    private let loops: EventLoopGroup
    private let services: [RecordService]
    private let servers: [(server: Server, configuration: ListenerConfiguration)]
    private let sockets: [(socket: DatagramSocket, configuration: ListenerConfiguration)]

    /// Loads the plugins and opens the listeners. A plugin that cannot be loaded is logged, and the others serve.
    ///
    /// - Throws: what keeps it from serving anything: no listener to be had, no thread, no descriptor.
    public init(_ configuration: Configuration) throws(IOError) {
        self.configuration = configuration
        notice = ReadinessNotice.takeFromEnvironment()
        log = Log(configuration.log)
        // Before any thread exists that could be hit by one.
        Signals.ignoreBrokenPipes()
        // Beside the connections: plugins, calls' directories, and connections that are being turned away.
        let limits = configuration.limits
        clinux_raise_descriptor_limit(UInt64(limits.connections + 2 * limits.commands + 256))
        loops = try EventLoopGroup()
        let admission = Admission(limit: configuration.limits.commands)
        let statistics = StatisticsTable(loopCount: loops.loops.count)
        let (registry, pool) = try Self.loadPlugins(
            configuration, admission: admission, log: log, statistics: statistics)
        for problem in registry.problems { log.write(.error, problem) }
        core = ServerCore(
            configuration, registry: registry, admission: admission, pool: pool, log: log,
            loopCount: loops.loops.count)
        var services: [RecordService] = []
        for (index, loop) in loops.loops.enumerated() {
            services.append(RecordService(core, loop: loop, index: index))
            services[index].begin()
        }
        self.services = services
        var servers: [(Server, ListenerConfiguration)] = []
        var sockets: [(DatagramSocket, ListenerConfiguration)] = []
        for listener in configuration.listeners {
            if listener.isDatagram {
                let bound = try Listener.datagram(on: listener.address, mode: listener.mode)
                let socket = try DatagramSocket(bound, longest: configuration.limits.datagramBytes, on: loops.loops[0])
                sockets.append((socket, listener))
            } else {
                let backlog = Int32(configuration.limits.backlog)
                servers.append(
                    (
                        try startServer(on: listener.address, loops: loops, backlog: backlog, mode: listener.mode),
                        listener
                    ))
            }
        }
        self.servers = servers
        self.sockets = sockets
    }

    static func loadPlugins(
        _ configuration: Configuration, admission: Admission, log: Log, statistics: StatisticsTable
    ) throws(IOError) -> (PluginRegistry, ThreadPool) {
        let mask = umask(0o077)
        umask(mask)
        let pool = try ThreadPool(limit: configuration.limits.commands, umask: mask)
        let services = HostServices(pool: pool, log: log)
        return (
            PluginRegistry(configuration, services: services, admission: admission, statistics: statistics), pool
        )
    }

    /// Waits until what was logged is written, but no longer than a moment: for the end of the process.
    public static func finishLogging() {
        Log.drain()
    }

    /// Serves until a signal says to stop, and everything that was under way has ended or was given up.
    ///
    /// - Returns: the exit status: 0 where everything was finished, 1 where something was dropped.
    public func run() async throws(IOError) -> Int32 {
        let signals = try Signals([SIGTERM, SIGINT, SIGHUP], on: loops.loops[0])
        announce()
        let shutdown = Shutdown()
        return await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask(executorPreference: self.loops.loops[0]) { await self.obey(signals, shutdown) }
            await self.serve()
            tasks.cancelAll()
            // The last call has ended.
            for plugin in self.core.registry.plugins { plugin.destroy() }
            self.log.write(.notice, "stopped")
            return shutdown.exitStatus
        }
    }

    /// The pipeline: the connections of all listeners, joined on each loop by its task group, are served side by side; what
    /// each of them sends is split into records, routed by the first word, run, and answered in order (`RecordService`).
    private func serve() async {
        await withDiscardingTaskGroup { pipelines in
            for (server, listener) in servers {
                for loop in loops.loops {
                    let connections = server.connections(on: loop) { [log] error in log.write(.warning, "\(error)") }
                    pipelines.addTask(executorPreference: loop) {
                        await connections.forEachConcurrently(on: \.loop) { connection in
                            await self.service(on: connection.loop).serve(connection, of: listener)
                        }
                    }
                }
            }
            for (socket, listener) in sockets {
                pipelines.addTask(executorPreference: socket.loop) {
                    await self.service(on: socket.loop).serve(socket, of: listener)
                }
            }
        }
    }

    private func service(on loop: EventLoop) -> RecordService {
        services.first { $0.loop === loop }!
    }

    /// Says where it listens, and how to try it.
    private func announce() {
        for listener in configuration.listeners where !listener.address.isLoopback {
            log.write(
                .warning,
                "\(listener.name) can be reached from other machines; the protocol has no authentication of its own")
        }
        let addresses =
            servers.map { ($0.server.address, $0.configuration) }
            + sockets.map { ($0.socket.address, $0.configuration) }
        let names = addresses.map { address, listener in
            var bound = listener
            bound.address = address
            return bound.name
        }
        for name in names { log.write(.notice, "listening", [("address", .text(name))]) }
        log.write(
            .notice, "ready",
            [
                ("version", .text(fastDaemonVersion)), ("process", .number(Int(getpid()))),
                ("plugins", .number(core.registry.plugins.count)),
                ("commands", .number(core.routing.routes.count - BuiltInCommand.allCases.count)),
            ])
        // Who is told that it is ready may look into the log.
        if notice != nil { Log.drain() }
        let error = notice?.ready(
            status: "it listens at \(names.joined(separator: ", ")), as \(configuration.file) says")
        if let error, error != 0 {
            log.write(
                .notice, "whoever started the daemon could not be told that it is ready",
                [("error", .text(String(cString: strerror(error))))])
        }
    }

    // MARK: - Stopping

    private func obey(_ signals: Signals, _ shutdown: Shutdown) async {
        var received = signals.makeAsyncIterator()
        guard let first = await received.next() else { return }
        log.write(
            .notice, "stopping: no new connections; what runs is finished",
            [("signal", .number(Int(first))), ("running", .number(core.running.all.count))])
        for (server, _) in servers { server.close() }
        for loop in loops.loops { loop.execute { loop.endReading() } }
        await withDiscardingTaskGroup { tasks in
            tasks.addTask(executorPreference: self.loops.loops[0]) { await self.giveUpInTime(shutdown) }
            guard let second = await received.next() else { return tasks.cancelAll() }
            log.write(.warning, "stopping at once", [("signal", .number(Int(second)))])
            dropAll(shutdown)
            exitNow(128 + second)
        }
    }

    /// How long cancelled calls have to end by themselves, in nanoseconds.
    private static let grace: UInt64 = 1_000_000_000

    private func giveUpInTime(_ shutdown: Shutdown) async {
        await loops.loops[0].sleep(nanoseconds: UInt64(configuration.limits.drainSeconds * 1e9))
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
                guard core.running[running.call.id] != nil else { return }
                running.call.cancel(.shutdown)
                core.abandon(running.call.id)
            }
        }
        await loops.loops[0].sleep(nanoseconds: Self.grace)
        if Task.isCancelled { return }
        exitNow(1)
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
    private func exitNow(_ status: Int32) {
        for (server, _) in servers { server.close() }
        for (socket, _) in sockets { socket.listener.removeFile() }
        Log.drain()
        _exit(status)
    }
}

/// How the shutdown went.
private final class Shutdown: Sendable {
    private let dropped = Atomic(0)

    func noteDropped() { dropped.add(1, ordering: .relaxed) }

    var exitStatus: Int32 { dropped.load(ordering: .relaxed) == 0 ? 0 : 1 }
}
