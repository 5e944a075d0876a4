import CLinux
import FastDaemonSystem

/// Serves what comes on a loop in the place of a task that waits for it. So the task need not be resumed for each short request,
/// which would cost as much as the rest of it.
public protocol ReadServer: AnyObject {
    /// Called on the loop when something may be there to receive. It must not close the connection.
    ///
    /// - Returns: the deadline of the next wait (0: none), in nanoseconds of the loop's clock; nil where the task is to go on itself.
    func serve() -> UInt64?
}

/// How a wait ended.
enum Wakeup {
    /// The descriptor may be tried again.
    case ready

    /// The deadline passed first.
    case timedOut

    /// Somebody wants the waiter to stop waiting.
    case interrupted

    /// The kernel would not watch the descriptor, with this errno.
    case failed(Int32)
}

/// A descriptor and its loop: what is known of its readiness, and who waits for it.
///
/// It enters the loop's epoll set when somebody first has to wait, so what never waits costs no system call for it.
///
/// Edge-triggered: after the kernel said "readable" once, it says so again only when more comes. So the flags start out
/// true, a try that would block clears them, and an event sets them, waiter or not.
///
/// `@unchecked Sendable`: touched on its loop's thread alone.
final class Registration: @unchecked Sendable {
    enum Kind: Equatable {
        /// A socket to read from and to write to.
        case connection

        /// Something to read from only. A shared one is watched by several loops, one of which is woken.
        case source(isShared: Bool)
    }

    private var descriptor: Descriptor?

    /// The descriptor's number; -1 after `close()`, so that a late system call gets EBADF and not another's descriptor.
    private(set) var number: Int32

    let loop: EventLoop
    let kind: Kind

    /// Set by the loop once it watches this; 0 before.
    var token: UInt64 = 0

    private(set) var isReadable = true
    private(set) var isWritable = true

    /// The peer will send nothing more, so a short read is no sign that the next one would wait.
    private(set) var peerHasFinished = false

    /// Nothing can be sent to the peer any more.
    private(set) var isHungUp = false

    /// Called once, on the loop, when the peer hangs up.
    var onHangUp: (() -> Void)?

    /// Called once, on the loop, when a send may take something again.
    private var onWritable: (() -> Void)?

    /// Whether its reader waits on where the others are made to stop.
    var keepsReading = false {
        didSet { if keepsReading { isInterrupted = false } }
    }

    private var reader: Waiter?
    private var writer: Waiter?
    private var isInterrupted = false

    /// The time of this registration's entry in the loop's deadline queue; the end of time where it has none.
    private var scheduledTime = UInt64.max

    private struct Waiter {
        let continuation: UnsafeContinuation<Wakeup, Never>
        var deadline: UInt64

        /// Who serves in the waiter's place.
        var server: (any ReadServer)?
    }

    init(_ descriptor: consuming Descriptor, as kind: Kind, on loop: EventLoop) {
        number = descriptor.number
        self.descriptor = consume descriptor
        self.kind = kind
        self.loop = loop
    }

    /// Ends the watching and closes the descriptor. Nobody may be waiting. Loop thread only.
    func close() {
        stopWatching()
        number = -1
        onHangUp = nil
        onWritable = nil
        descriptor = nil
    }

    /// Ends the watching; the descriptor stays open. Loop thread only.
    func stopWatching() {
        if token != 0 { loop.deregister(self) }
        token = 0
    }

    // MARK: - Waiting

    /// Records that a read would have waited.
    func clearReadable() {
        isReadable = false
    }

    func clearWritable() {
        isWritable = false
    }

    /// Suspends until the descriptor may be readable, until `deadline` (0: none), or until `interrupt()`.
    ///
    /// - Parameter server: who serves in the place of the task that waits; see `ReadServer`.
    func waitUntilReadable(deadline: UInt64, servedBy server: (any ReadServer)? = nil) async -> Wakeup {
        if isReadable { return .ready }
        if isInterrupted || (kind == .connection && loop.isEndingReads && !keepsReading) { return .interrupted }
        precondition(reader == nil, "two tasks read from one descriptor")
        if let failure = registerIfNeeded() { return failure }
        return await withUnsafeContinuation { continuation in
            reader = Waiter(continuation: continuation, deadline: deadline, server: server)
            schedule(deadline)
        }
    }

    /// Suspends until the descriptor may be writable, or until `deadline` (0: none).
    func waitUntilWritable(deadline: UInt64) async -> Wakeup {
        if isWritable { return .ready }
        precondition(writer == nil, "two tasks write to one descriptor")
        if let failure = registerIfNeeded() { return failure }
        return await withUnsafeContinuation { continuation in
            writer = Waiter(continuation: continuation, deadline: deadline)
            schedule(deadline)
        }
    }

    /// Calls `body` once, on the loop, when a send that just took nothing may take something again. Returns 0 or the errno.
    func whenWritable(_ body: @escaping () -> Void) -> Int32 {
        if case .failed(let code) = registerIfNeeded() { return code }
        onWritable = body
        return 0
    }

    /// Has the descriptor watched. Returns why that cannot be.
    func registerIfNeeded() -> Wakeup? {
        loop.assertIsCurrent()
        if token != 0 { return nil }
        let result = loop.register(self)
        return result < 0 ? .failed(-result) : nil
    }

    private func schedule(_ deadline: UInt64) {
        // An entry that comes up too early is put back then; so a deadline that only ever moves on costs one entry.
        guard deadline != 0, deadline < scheduledTime else { return }
        scheduledTime = deadline
        loop.schedule(token, at: deadline)
    }

    /// Stops the reader from waiting, now and from now on. What can be read without waiting still can.
    func interrupt() {
        isInterrupted = true
        resumeReader(.interrupted)
    }

    /// Ends the reader's wait as if something had come. It is not served: who wakes it may be in the middle of something.
    func wakeReader() {
        resumeReader(.ready)
    }

    // MARK: - What the loop tells

    func handle(_ flags: UInt32) {
        // All that is known first: whoever is told of one thing may ask for the others.
        let hangsUp = flags & clinux_hang_up != 0
        let isFirstHangUp = hangsUp && !isHungUp
        if hangsUp { isHungUp = true }
        if hangsUp || flags & clinux_peer_finished != 0 { peerHasFinished = true }
        if flags & (clinux_readable | clinux_peer_finished) != 0 || hangsUp { noteReadable() }
        if flags & clinux_writable != 0 || hangsUp {
            isWritable = true
            resumeWriter(.ready)
            onWritable.take()?()
        }
        if isFirstHangUp { onHangUp.take()?() }
    }

    /// An entry of the deadline queue has come up.
    ///
    /// - Parameter time: when the entry was due. One that is not the earliest of this registration's was replaced since.
    func expire(_ time: UInt64, at now: UInt64) {
        guard time == scheduledTime else { return }
        scheduledTime = .max
        if let deadline = reader?.deadline, deadline != 0 {
            if deadline <= now { resumeReader(.timedOut) } else { schedule(deadline) }
        }
        if let deadline = writer?.deadline, deadline != 0 {
            if deadline <= now { resumeWriter(.timedOut) } else { schedule(deadline) }
        }
    }

    /// Something may be there to read: it is served, or the reader's task is resumed.
    private func noteReadable() {
        isReadable = true
        guard let server = reader?.server, let deadline = server.serve() else { return resumeReader(.ready) }
        // Unless the wait was ended in the meantime.
        guard reader != nil else { return }
        reader!.deadline = deadline
        schedule(deadline)
    }

    private func resumeReader(_ wakeup: Wakeup) {
        guard let waiter = reader else { return }
        reader = nil
        waiter.continuation.resume(returning: wakeup)
    }

    private func resumeWriter(_ wakeup: Wakeup) {
        guard let waiter = writer else { return }
        writer = nil
        waiter.continuation.resume(returning: wakeup)
    }
}
