import CLinux
import FastDaemonHost
import FastDaemonIO
import FastDaemonProtocol
import Glibc
import Synchronization

/// The version of the daemon and of everything that is built with it.
public let fastDaemonVersion = "0.1.0"

/// What all loops of a daemon share: the routes, the limits, and what is counted and bounded over all of them.
final class ServerCore: Sendable {
    private let current: CurrentGeneration
    private let host: PluginHost
    let admission: Admission
    let budget: ByteBudget
    let pool: ThreadPool
    let log: Log
    let loopCount: Int

    /// The daemon's own user.
    let user = geteuid()

    /// The open connections.
    let connections = Atomic(0)

    /// When a connection last ended, or a call that came as a datagram last came or ended, on the monotonic clock.
    let lastActivity = Atomic(clinux_now())

    /// The calls that go on at this moment, inline ones that returned left out.
    let running = RunningCalls()

    /// Who follows the access log, and what took long.
    let accesses = AccessFeed()
    let slow = SlowCalls()

    private struct Replaced {
        weak var plugin: Plugin?
    }

    private let replaced = Mutex<[Replaced]>([])

    private let start = clinux_now()

    /// What reloads; set once, when the daemon has all that it needs.
    let reloader = Mutex<Reloader?>(nil)

    /// Whether there is an access log. A worker's calls are in the daemon's.
    let logsCalls: Bool

    init(_ generation: Generation, _ host: PluginHost, log: Log, loopCount: Int, logsCalls: Bool = true) {
        self.logsCalls = logsCalls
        current = CurrentGeneration(generation)
        self.host = host
        admission = host.admission
        pool = host.pool
        self.log = log
        self.loopCount = loopCount
        budget = ByteBudget(limit: generation.configuration.limits.bufferBytes)
    }

    // MARK: - What is served

    /// What is served at this moment. On a loop.
    var generation: Generation { current.value }

    /// The limits at this moment. From any thread.
    var limits: Limits { unsafeAddress { current.limits } }

    /// Finds a command by the bytes of its name. On a loop.
    func route(of name: UnsafeRawBufferPointer) -> Route? {
        current.withRouting { $0[name] }
    }

    /// Lends an inline command of a plugin's. Returns nil where the name is of none. On a loop.
    @inline(__always)
    func withInlineRoute<Result>(of name: UnsafeRawBufferPointer, _ body: (Route, PluginCommand) -> Result) -> Result? {
        current.withRouting { $0.withInlineRoute(of: name, body) }
    }

    /// Finds a command by its name. On a loop.
    func route(named name: String) -> Route? {
        generation.routing[name]
    }

    /// Serves another generation from now on. The loops may look into the one before until each of them was visited.
    func take(up next: Generation) {
        let limits = next.configuration.limits
        log.change(to: next.configuration.log)
        budget.setLimit(limits.bufferBytes)
        admission.setLimit(limits.commands)
        pool.setLimit(limits.commands)
        let gone = generation.plugins.filter { old in !next.plugins.contains { $0 === old } }
        replaced.withLock { replaced in
            replaced.removeAll { $0.plugin == nil }
            replaced += gone.map { Replaced(plugin: $0.plugin) }
        }
        current.replace(with: next)
    }

    /// Plugins that are served no more and have not been destroyed. From any thread.
    var replacedPlugins: [Plugin] { replaced.withLock { $0.compactMap(\.plugin) } }

    /// Serves nothing any more, so that each plugin is destroyed when its last call has ended. It returns when nobody can look
    /// into what was served: tasks that have ended let go of what they called, and loops of what they borrowed.
    func retire(from loops: [EventLoop]) async {
        let last = generation
        current.replace(
            with: Generation(number: last.number, last.configuration, plugins: [], routing: RoutingTable([])))
        for loop in loops { await loop.visit() }
        withExtendedLifetime(last) {}
    }

    var uptime: Double { Double(clinux_now() - start) / 1e9 }

    // MARK: - What callers are told

    /// The status of a call that was turned away at a limit (EX_TEMPFAIL of sysexits(3)).
    static let tryAgain: Int32 = 75

    static let notWholeAtShutdown = "the daemon is shutting down; the request was not whole, and was not run"
    static let outOfBuffers = "the daemon has no more memory for buffers (limits.bufferBytes); try again later"

    func unknownCommand(_ name: String) -> String {
        // A long name costs a search that nobody gets anything from.
        let near =
            name.utf8.count > NameError.limit
            ? "" : NearNames.question(NearNames.near(name, among: generation.routing.routes.map(\.name)))
        return "there is no command '\(Printable.name(name))'\(near.isEmpty ? ";" : near) 'help' lists all of them"
    }

    func busy(_ route: Route, running: Int, waiting: Int) -> String {
        "\(route.name): busy: \(running) calls of its plugin run and \(waiting) wait already "
            + "(limits.commandsPerPlugin, limits.waitingPerPlugin); try again later"
    }
}
