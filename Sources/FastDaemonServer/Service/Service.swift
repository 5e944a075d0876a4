import CLinux
import FastDaemonIO
import FastDaemonSystem
import Glibc
import Synchronization

/// The daemon as a service: who started it and wants to know how it is, the sockets that it was handed, the locks of those that
/// it opens itself, and the process that is to take its place one day.
final class Service: Sendable {
    let manager: ServiceManager
    let inherited: InheritedListeners

    /// The daemon that started this one to take its place; nil where there is none, or it has been told.
    private let predecessor: Mutex<Predecessor?>

    /// Sockets of the predecessor's that this config does not name: closed when that one has let go of them.
    private let unwanted = Mutex<[Listener]>([])

    /// Sockets of the predecessor's that this daemon goes on with, and the modes that its config gives them.
    private let handedOver = Mutex<[(Listener, mode: UInt32)]>([])

    private struct Predecessor: ~Copyable {
        let descriptor: Descriptor
    }

    /// The process that was started to take this one's place and is not ready yet, and who waits for what becomes of it.
    private let successor = Mutex<(process: Int32?, waiting: [UnsafeContinuation<Void, Never>])>((nil, []))

    /// Whether the daemon goes down, or another has taken its place.
    private let hasEnded = Atomic(false)

    /// Whether this daemon was started to take another's place.
    let isSuccessor: Bool

    /// What was started, and how.
    private let program: String?
    private let words: [String]

    /// An element when the daemon begins and each time that its config may have changed. For one to iterate over.
    let configured: AsyncStream<Void>
    private let noteConfigured: AsyncStream<Void>.Continuation

    /// Takes what concerns the service out of the environment. To be called before there are threads that read it.
    init(words: [String] = CommandLine.arguments) {
        self.words = words
        (configured, noteConfigured) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        noteConfigured.yield()
        program = words.first.flatMap { ProgramPath.find($0) }
        manager = .takeFromEnvironment()
        let parent = getppid()
        var inheritance = Inheritance(
            process: takeVariable("LISTEN_PID"), count: takeVariable("LISTEN_FDS"),
            names: takeVariable("LISTEN_FDNAMES"),
            own: getpid())
        if let text = takeVariable(Inheritance.variable) {
            inheritance.entries += Inheritance(text: text, parent: parent).entries
        }
        let channel = inheritance.entries.first { $0.kind == .predecessor }?.number
        if let channel { _ = fcntl(channel, F_SETFD, FD_CLOEXEC) }
        isSuccessor = channel != nil
        predecessor = Mutex(channel.map { Predecessor(descriptor: Descriptor(owning: $0)) })
        inherited = InheritedListeners(inheritance)
    }

    // MARK: - Listeners

    /// The sockets that the config's listeners stand for, with their addresses: those of the service manager are put in the
    /// place of their names.
    func resolve(_ listeners: [ListenerConfiguration]) throws(IOError) -> [ListenerConfiguration] {
        try inherited.resolve(listeners)
    }

    /// The socket of a listener: one that was handed over, or a new one. A Unix socket that the daemon opens is locked first.
    ///
    /// - Parameter all: every listener of the config, resolved.
    func open(
        _ listener: ListenerConfiguration, among all: [ListenerConfiguration], backlog: Int
    ) throws(IOError) -> Listener {
        if let socket = inherited.take(listener, among: all) {
            if listener.activation == nil, inherited.name(of: socket) == nil {
                handedOver.withLock { $0.append((socket, listener.mode)) }
            }
            return socket
        }
        var lock: SocketLock?
        if let path = listener.address.path { lock = try SocketLock(ofSocketAt: path) }
        return listener.isDatagram
            ? try .datagram(on: listener.address, mode: listener.mode, lock: lock)
            : try .stream(on: listener.address, backlog: Int32(backlog), mode: listener.mode, lock: lock)
    }

    /// Says what was handed over and cannot be used, or is not asked for, and closes it: when all listeners are open.
    func closeUnwantedSockets(_ log: Log) {
        for problem in inherited.problems { log.write(.warning, problem) }
        for (name, listener) in inherited.takeUnwanted() {
            log.write(
                .warning, "closed a socket that was passed and that no listener of the config is for",
                [("socket", .text(name))])
            if inherited.name(of: listener) == nil { unwanted.withLock { $0.append(listener) } }
        }
    }

    /// Gives the predecessor's sockets the modes of this config, as the last thing that can fail: where anything else does, that
    /// daemon goes on, and a mode may be all that keeps others from a socket whose other settings are its own.
    func takeUpModes() throws(IOError) {
        try Listener.setModes(handedOver.withLock { $0 })
        handedOver.withLock { $0 = [] }
    }

    // MARK: - Notices

    /// Whether somebody waits to hear of the daemon.
    var isHeard: Bool { manager.isThere || predecessor.withLock { $0 != nil } }

    /// Everything is open: tells whoever started the daemon, or the daemon whose place this one takes.
    ///
    /// - Parameter listeners: the open sockets.
    /// - Returns: the error number, 0 where it was said.
    func ready(status: String, listeners: [Listener]) -> Int32 {
        let notice = ServiceNotice.ready(status: status)
        guard let channel = predecessor.withLock({ $0.take() }) else { return manager.tell(notice, patiently: true) }
        let text = Array(notice.text.utf8)
        let result = clinux_send(channel.descriptor.number, text, text.count)
        // From now on these are this process's alone to remove.
        for listener in listeners where inherited.name(of: listener) == nil { listener.takeOver() }
        for listener in unwanted.withLock({ $0 }) {
            listener.takeOver()
            listener.close()
        }
        unwanted.withLock { $0 = [] }
        return result < 0 ? Int32(-result) : 0
    }

    /// A changed config is being taken up. `reloaded` is to follow, whatever comes of it.
    func reloading() {
        manager.tell(.reloading(time: clinux_now()), patiently: true)
    }

    /// A changed config is in force, or the old one still is.
    func reloaded(status: String) {
        manager.tell(.ready(status: status), patiently: true)
        noteConfigured.yield()
    }

    /// Whether the daemon goes down, or another has taken its place: nothing new is begun then.
    var isEnding: Bool { hasEnded.load(ordering: .relaxed) }

    /// The daemon goes down.
    func stopping(status: String) {
        hasEnded.store(true, ordering: .relaxed)
        manager.tell(.stopping(status: status), patiently: true)
        // One that is half started would find nobody to take over from.
        if let process = successor.withLock({ $0.process }) { kill(process, SIGKILL) }
    }
}

// MARK: - The upgrade in place

extension Service {
    /// How long a successor may take until it is ready, in seconds.
    private static let patience = 30

    /// Starts the program anew, as this process was started, with the same sockets, and waits until it is ready. Then the
    /// sockets are its own to remove, and the service manager knows it as the daemon.
    ///
    /// - Returns: whether it took over; where not, the log says why, and nothing has changed.
    func handOver(_ listeners: [Listener], on loop: EventLoop, _ log: Log) async -> Bool {
        guard !isHandingOver, !isEnding else {
            log.write(.notice, "no upgrade: \(isEnding ? "this daemon stops" : "one is under way already")")
            return false
        }
        guard let program else {
            log.write(.error, "no upgrade: it is not known where \(words.first ?? "the program") stands")
            return false
        }
        let started: Successor
        do throws(IOError) {
            // The first process of a container has no parent to give it to.
            started = try .start(
                program, words, environment: manager.environment, isSibling: manager.isThere && getpid() != 1,
                sockets: listeners.map { ($0, inherited.name(of: $0)) }, on: loop)
        } catch {
            log.write(.error, "no upgrade: \(error); this daemon goes on")
            return false
        }
        successor.withLock { $0.process = started.process }
        defer { noteHandOverEnd() }
        log.write(
            .notice, "an upgrade begins",
            [("program", .text(program)), ("process", .number(Int(started.process)))])
        switch await started.waitUntilReady(seconds: Self.patience) {
        case .failed(let reason):
            // It may have written its number into a lock.
            for listener in listeners where inherited.name(of: listener) == nil { listener.takeOver() }
            log.write(
                .error, "no upgrade: the new daemon did not come up: \(reason); this one goes on",
                [("process", .number(Int(started.process)))])
            return false
        case .ready(let status):
            hasEnded.store(true, ordering: .relaxed)
            for listener in listeners { listener.share() }
            manager.tell(.mainProcess(started.process, status: status), patiently: true)
            manager.fallSilent()
            return true
        }
    }

    /// Whether a process is on its way to take this one's place.
    var isHandingOver: Bool { successor.withLock { $0.process != nil } }

    /// Waits until no process is on its way to take this one's place. Until then the sockets are both's, and stay as they are.
    func waitUntilHandedOver() async {
        await withUnsafeContinuation { continuation in
            let isHandingOver = successor.withLock { successor in
                if successor.process != nil { successor.waiting.append(continuation) }
                return successor.process != nil
            }
            if !isHandingOver { continuation.resume() }
        }
    }

    private func noteHandOverEnd() {
        let waiting = successor.withLock { successor in
            defer { successor = (nil, []) }
            return successor.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
