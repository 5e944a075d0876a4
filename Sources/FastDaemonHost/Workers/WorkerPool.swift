import CLinux
import FastDaemonSystem
import Glibc
import Synchronization

/// The worker processes of a plugin: which run, which call runs in which, and what happens when one ends.
///
/// A thread of its own starts them, watches over them, and takes note of their ends; calls come from any thread.
///
/// `@unchecked Sendable`: `state` guards what threads share; `bell` is used by its atomic accesses alone; the rest is constant,
/// or belongs to the pool's thread.
public final class WorkerPool: @unchecked Sendable {
    typealias Machine = WorkerPoolState<Waiter>

    /// Who waits for a place.
    struct Waiter {
        let ticket: UInt64
        let command: String
        let continuation: UnsafeContinuation<Entry, Never>
    }

    /// A call's place in a worker. It owes a `leave`.
    public struct Lease: Sendable {
        /// The call's number.
        public let ticket: UInt64

        /// Where it runs.
        public let process: WorkerProcess
    }

    /// How a call got in.
    public enum Entry: Sendable {
        case running(Lease)

        /// It was turned away, for a reason in words.
        case refused(String)

        /// It gave up while it waited.
        case abandoned
    }

    struct State {
        var machine: Machine

        /// What the plugin is called, in messages.
        var name: String

        /// What workers are told that are started from now on.
        var setup: WorkerSetup
        var processes: [Int: WorkerProcess] = [:]

        /// What the pool's thread is to do.
        var orders: [Machine.Action] = []

        /// How the first worker's start went; nil while that is not known.
        var start: Result<WorkerDescription, PluginError>?

        /// Why workers that have not ended could not load their library.
        var failures: [Int: String] = [:]

        /// How the last crash happened, in words; and the last of each command's.
        var lastCrash = ""
        var lastCrashes: [String: String] = [:]

        /// Why the last start of a worker was none of its fault, in words.
        var lastShortage = ""
        var hasEnded = false
    }

    let state: Mutex<State>
    let image: LibraryImage
    let environment: [String]
    let log: any PluginLog

    let epoll, wakeup: Descriptor
    var joiners: [Int: MessageJoiner] = [:]

    /// Counts what others wait for: the first worker's start, and the end of the pool.
    let bell: UnsafeMutablePointer<UInt32>

    init(
        _ settings: Machine.Settings, image: LibraryImage, setup: WorkerSetup, name: String, log: any PluginLog
    ) throws(IOError) {
        state = Mutex(State(machine: Machine(settings), name: name, setup: setup))
        self.image = image
        self.log = log
        environment = Self.inheritedEnvironment()
        epoll = Descriptor(owning: try check(clinux_epoll_create(), "create", "an epoll instance"))
        wakeup = Descriptor(owning: try check(clinux_wake_create(), "create", "an event descriptor"))
        bell = .allocate(capacity: 1)
        bell.initialize(to: 0)
    }

    deinit {
        bell.deallocate()
    }

    /// The daemon's environment, but for what whoever started the daemon said to it alone.
    private static func inheritedEnvironment() -> [String] {
        var strings: [String] = []
        var next = environ
        while let string = next.pointee {
            let text = String(cString: string)
            let isOurs = ["NOTIFY_SOCKET=", "LISTEN_", "WATCHDOG_"].contains { text.hasPrefix($0) }
            if !isOurs { strings.append(text) }
            next += 1
        }
        // A worker that crashes is to end at once: its backtrace takes the Swift runtime a third of a second. Whoever wants to
        // see it can set this.
        if getenv("SWIFT_BACKTRACE") == nil { strings.append("SWIFT_BACKTRACE=enable=no") }
        return strings
    }

    // MARK: - Calls

    /// Waits for a place in a worker.
    ///
    /// - Parameters:
    ///   - ticket: the call's number, by which it can be abandoned.
    ///   - command: what it calls, for messages.
    public func enter(_ ticket: UInt64, command: String) async -> Entry {
        await withUnsafeContinuation { continuation in
            let waiter = Waiter(ticket: ticket, command: command, continuation: continuation)
            let now = clinux_now()
            decide(at: now) { state in
                switch state.machine.enter(ticket, command: command, at: now) {
                case .run(let worker): [.run(waiter, in: worker)]
                case .wait: state.machine.enqueue(waiter, ticket: ticket, command: command, at: now)
                case .refused: [.refuse(waiter)]
                }
            }
        }
    }

    /// Has a call that waits give up. From any thread.
    public func abandon(_ ticket: UInt64) {
        let now = clinux_now()
        state.withLock { $0.machine.abandon(ticket, at: now) }?.continuation.resume(returning: .abandoned)
    }

    /// Gives a place back.
    ///
    /// - Parameter isAnswered: whether the handler came to its end.
    public func leave(_ lease: Lease, isAnswered: Bool) {
        let now = clinux_now()
        let resident = lease.process.residentBytes(at: now)
        decide(at: now) {
            $0.machine.leave(
                lease.process.number, lease.ticket, isAnswered: isAnswered, residentBytes: resident, at: now)
        }
    }

    /// Ends the worker in which a call runs, and its whole process group: with SIGTERM, which cancels its calls, and with SIGKILL
    /// where it has not ended after a grace. Nothing happens where the call does not run. From any thread.
    public func terminateWorker(of ticket: UInt64, graceNanoseconds: UInt64) {
        let now = clinux_now()
        decide(at: now) { $0.machine.terminate(ticket, grace: graceNanoseconds, at: now) }
    }

    /// Ends the worker of a call that goes on though its caller is gone, likewise, as soon as no calls run there but such. Until
    /// then it takes no more. From any thread.
    public func forsake(_ ticket: UInt64, graceNanoseconds: UInt64) {
        let now = clinux_now()
        decide(at: now) { $0.machine.forsake(ticket, grace: graceNanoseconds, at: now) }
    }

    /// Waits for the end of a worker in which the session of a call broke off. It is ended where it does not end by itself.
    public func end(of lease: Lease) async -> WorkerEnd {
        let now = clinux_now()
        decide(at: now) {
            $0.machine.noteLoss(in: lease.process.number, at: now)
            return []
        }
        // It may have to look earlier than it meant to.
        clinux_wake(wakeup.number)
        return await lease.process.ended()
    }

    func setName(_ name: String) { state.withLock { $0.name = name } }

    /// Takes up what is new in settings that `canTakeUp` them. Workers that are there end their calls as they began them, and are
    /// replaced. From any thread.
    public func takeUp(_ settings: WorkerSettings) {
        let now = clinux_now()
        decide(at: now) { state in
            state.machine.settings = settings.machine
            if state.setup == settings.setup { return [] }
            state.setup = settings.setup
            return state.machine.renew(at: now)
        }
    }

    /// Lets no more calls in, and ends each worker when its calls have ended. From any thread.
    public func close() {
        let now = clinux_now()
        decide(at: now) { $0.machine.close(at: now) }
        clinux_wake(wakeup.number)
    }

    /// Holds the calling thread until every worker of a pool that was closed has ended, but no longer than some seconds.
    public func waitUntilEnded() {
        let deadline = clinux_now() + 2 * Machine.patience
        while !hasEnded, clinux_now() < deadline { clinux_sleep(1_000_000) }
    }

    var hasEnded: Bool { state.withLock { $0.hasEnded } }

    /// Has the machine decide, and does it: callers are told at once, the rest is for the pool's thread.
    func decide(at now: UInt64, _ decision: (inout State) -> [Machine.Action]) {
        var told: [(Waiter, Entry)] = []
        let hasOrders = state.withLock { state in
            for action in decision(&state) {
                switch action {
                case .run(let waiter, let worker):
                    // Here, while it is there: it may end at any time.
                    told.append((waiter, .running(Lease(ticket: waiter.ticket, process: state.processes[worker]!))))
                case .refuse(let waiter):
                    told.append((waiter, .refused(Self.refusal(of: waiter.command, by: state, at: now))))
                default: state.orders.append(action)
                }
            }
            return !state.orders.isEmpty
        }
        for (waiter, entry) in told { waiter.continuation.resume(returning: entry) }
        if hasOrders { clinux_wake(wakeup.number) }
    }

    private static func refusal(of command: String, by state: State, at now: UInt64) -> String {
        if state.machine.isClosed { return "its worker processes are being stopped; try again" }
        if state.machine.isShort(at: now) { return "it has no worker process: \(state.lastShortage); try again" }
        return quarantine(of: command, state, at: now) ?? "it has no worker process; try again"
    }
}
