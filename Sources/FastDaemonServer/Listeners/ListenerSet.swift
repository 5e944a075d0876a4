import FastDaemonIO
import FastDaemonSystem
import Synchronization

/// The listeners of the daemon: which are open, and which come and go as its config changes.
final class ListenerSet: Sendable {
    /// Each listener once, when it has been opened and is to be served. Ends when the daemon stops.
    let opened: AsyncStream<OpenListener>

    private let serve: AsyncStream<OpenListener>.Continuation
    private let loops: EventLoopGroup
    let service: Service
    private let listeners = Mutex<[OpenListener]>([])

    init(loops: EventLoopGroup, service: Service) {
        self.loops = loops
        self.service = service
        (opened, serve) = AsyncStream.makeStream()
    }

    /// The sockets of those that are open.
    var sockets: [Listener] { all.map(\.listener) }

    /// Those that are open.
    var all: [OpenListener] { listeners.withLock { $0 } }

    /// What a config makes of the listeners. Those that are new are open, and nobody is served there yet; they close again
    /// where this is thrown away.
    struct Plan: Sendable {
        fileprivate(set) var kept: [(listener: OpenListener, entry: ListenerConfiguration)] = []
        fileprivate(set) var added: [OpenListener] = []
        fileprivate(set) var removed: [OpenListener] = []

        /// What could not be opened.
        fileprivate(set) var problems: [IOError] = []

        /// What is other than before, a line each.
        var changes: [String] {
            added.map { "\($0.name) is listened at" } + removed.map { "\($0.name) is not listened at any more" }
        }
    }

    /// Opens what a config asks for and is not open.
    func plan(_ configuration: Configuration) -> Plan {
        var plan = Plan()
        var rest = all
        let entries: [ListenerConfiguration]
        do {
            entries = try service.resolve(configuration.listeners)
        } catch {
            plan.problems.append(error)
            return plan
        }
        var failures: [(entry: ListenerConfiguration, error: IOError)] = []
        for entry in entries {
            if let index = rest.firstIndex(where: { $0.isFor(entry) }) {
                plan.kept.append((rest.remove(at: index), entry))
                continue
            }
            do {
                let socket = try service.open(entry, among: entries, backlog: configuration.limits.backlog)
                plan.added.append(try OpenListener(socket, entry, configuration.limits, on: loops))
            } catch {
                failures.append((entry, error))
            }
        }
        plan.problems += failures.map { entry, error in
            guard let own = rest.first(where: { $0.isInTheWay(of: entry) }) else { return error }
            return IOError(
                "listen on", entry.address.description,
                because:
                    "this daemon does, as \(own.name), which is to go: have that taken up first, by itself, or restart")
        }
        plan.removed = rest
        return plan
    }

    /// Serves what is new, stops serving what is gone. Returns what could not be changed of what stays.
    func apply(_ plan: Plan, _ limits: Limits) -> [IOError] {
        listeners.withLock { $0 = plan.kept.map(\.listener) + plan.added }
        var problems: [IOError] = []
        for (listener, entry) in plan.kept {
            do { try listener.change(to: entry, limits) } catch { problems.append(error) }
        }
        for listener in plan.added { serve.yield(listener) }
        for listener in plan.removed { listener.drain() }
        return problems
    }

    /// Takes in what has come already, and nothing after that.
    ///
    /// - Parameter leavesQueues: whether what has come to a socket that another process has, too, is left to that one.
    func stop(leavesQueues: Bool) {
        for listener in all {
            if leavesQueues, listener.listener.isShared { listener.leave() } else { listener.drain() }
        }
        serve.finish()
    }

    /// Whether some of those that were stopped still accept what waits, as the last connections.
    var areDraining: Bool {
        all.contains { listener in
            if case .stream(let server) = listener.socket { server.isDraining } else { false }
        }
    }

    /// Leaves the sockets that another process has to that one alone. Nothing waits in them any more that is to be taken in here.
    func letGo() {
        for listener in all { listener.listener.letGo() }
    }

    /// Leaves no file behind, for a process that ends at once.
    func removeFiles() {
        for listener in all { listener.removeFile() }
    }
}
