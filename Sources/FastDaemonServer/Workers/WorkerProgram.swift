import CLinux
import FastDaemonHost
import FastDaemonIO
import FastDaemonSystem
import Glibc

/// What `fastdaemond --worker` does, which the daemon starts to serve calls of one plugin in a process of their own.
public enum WorkerProgram {
    /// The word by which the daemon asks for it. Users have no use for it.
    public static let word = "--worker"

    /// Serves calls until the daemon says that there will be no more.
    ///
    /// - Parameter words: those after the program's name.
    /// - Returns: the exit status.
    public static func run(_ words: [String]) -> Int32 {
        guard words.count > 1, let daemon = Int32(words[1]) else { return 64 }
        do {
            try WorkerControl.begin(daemon: daemon)
            Signals.ignoreBrokenPipes()
            // Sent to all processes of a service, as systemctl(1) does unless it is told otherwise, these are meant for the daemon.
            Signals.ignore([SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2])
            let worker = try WorkerService(WorkerControl.readSetup(), testsItself: words.contains("--self-test"))
            guard let worker else { return 0 }
            return try worker.run()
        } catch {
            // The daemon sees that this ends.
            let text = Array("fastdaemond: \(error)\n".utf8)
            _ = clinux_write(2, text, text.count)
            return 69
        }
    }
}

/// Serves the calls that the daemon hands to this process.
private final class WorkerService: Sendable {
    private let host: PluginHost
    private let core: ServerCore
    private let loop: EventLoop
    private let service: RecordService
    private let socket: MessageSocket

    /// Loads the plugin, and tells the daemon how that went. Nil where it cannot be loaded.
    init?(_ setup: WorkerSetup, testsItself: Bool) throws(IOError) {
        let log = Log(LogConfiguration(level: setup.common.logLevel, format: setup.common.logsJSON ? .json : .text))
        var configuration = Configuration(file: "")
        configuration.limits.recordBytes = Int(setup.common.recordBytes)
        configuration.limits.replyBytes = Int(setup.common.replyBytes)
        configuration.limits.bufferBytes = Int(setup.common.bufferBytes)
        // Beside the calls' own threads some for work that they hand over.
        configuration.limits.commands = max(8, 2 * Int(setup.calls))
        loop = try EventLoop(name: "loop")
        host = try PluginHost(configuration.limits, log: log, loop: loop, loopCount: 1)
        let image = WorkerControl.image(setup)
        let plugin: Plugin
        do {
            plugin = try Plugin(image, name: setup.name, options: setup.options, services: host.services)
            if testsItself { try plugin.testItself() }
        } catch {
            try WorkerControl.answer(.failed(error.explanation))
            return nil
        }
        core = ServerCore(
            Generation(of: plugin, image, configuration, host), host, log: log, loopCount: 1, logsCalls: false)
        service = RecordService(core, loop: loop, index: 0)
        service.begin()
        try WorkerControl.answer(.loaded(WorkerDescription(plugin)))
        socket = MessageSocket(owning: WorkerControl.takeSocket(), on: loop)
    }

    func run() throws(IOError) -> Int32 {
        let signals = try Signals([SIGTERM], on: loop)
        loop.run { await self.serve(until: signals) }
        Log.drain()
        return 0
    }

    private func serve(until signals: Signals) async {
        await withDiscardingTaskGroup { tasks in
            tasks.addTask(executorPreference: self.loop) {
                var received = signals.makeAsyncIterator()
                guard await received.next() != nil else { return }
                // The daemon has lost patience with a call, and told that call so.
                self.service.giveUpAssigned()
                self.socket.close()
            }
            await withTaskExecutorPreference(self.loop) { await self.serve() }
            tasks.cancelAll()
        }
        await core.retire(from: [loop])
        await host.destruction.finish()
    }

    /// Serves until the daemon says stop, or is gone, and all calls have ended.
    private func serve() async {
        await withDiscardingTaskGroup { calls in
            while let message = await socket.next(), let order = order(in: message) {
                switch order {
                case .call(let call):
                    let connection = Connection(adopting: Descriptor(owning: message.attached), on: loop)
                    let session = service.take(connection, assigned: call)
                    calls.addTask(executorPreference: self.loop) { await self.service.serveAssigned(session) }
                case .cancel(let call, let reason): service.cancelAssigned(call, reason)
                case .stop: break
                }
            }
        }
    }

    /// Nil where it says stop, or is none of the daemon's.
    private func order(in message: MessageSocket.Message) -> WorkerOrder? {
        guard let order = WorkerOrder(Array(message.bytes.dropFirst())) else { return nil }
        switch order {
        case .stop: return nil
        case .call: return message.attached >= 0 ? order : nil
        case .cancel: return order
        }
    }
}
