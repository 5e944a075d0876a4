import CLinux
import FastDaemonSystem

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

    var isClosed: Bool { number < 0 }

    let loop: EventLoop
    let kind: Kind

    /// Set by the loop once it watches this; 0 before.
    var token: UInt64 = 0

    private(set) var isReadable = true

    /// Whether the server was let receive what the event at hand tells of.
    private var wasToldAhead = false
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

    private var reader: Reader?

    /// The server that waits, or is being told of the end of its wait: one that waits again costs no reference.
    private var server: ReadServer?
    private var callsUnderWay = 0
    private var readDeadline: UInt64 = 0
    private var writer: Writer?
    private var hasTurnComing = false
    private var isInterrupted = false
    private var watchesWriting = false

    /// The time of this registration's entry in the loop's deadline queue; the end of time where it has none.
    private var scheduledTime = UInt64.max

    /// Who waits to read.
    private enum Reader {
        case task(UnsafeContinuation<Wakeup, Never>)
        case server
    }

    private struct Writer {
        let continuation: UnsafeContinuation<Wakeup, Never>
        let deadline: UInt64
    }

    init(_ descriptor: consuming Descriptor, as kind: Kind, on loop: EventLoop) {
        number = descriptor.number
        self.descriptor = consume descriptor
        self.kind = kind
        self.loop = loop
    }

    /// Ends the watching and closes the descriptor. Nobody may be waiting. Loop thread only.
    func close() {
        assert(reader == nil && writer == nil, "somebody waits for what is closed")
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
        watchesWriting = false
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
    func waitUntilReadable(deadline: UInt64) async -> Wakeup {
        if let wakeup = prepareToWait() { return wakeup }
        return await withUnsafeContinuation { wait(.task($0), until: deadline) }
    }

    /// Has a server told when the descriptor may be readable, in the place of a task that waits.
    ///
    /// - Returns: false where there is no wait, because it would end at once; the server is not told then.
    func waitUntilReadable(deadline: UInt64, for server: ReadServer) -> Bool {
        if prepareToWait() != nil { return false }
        wait(for: server, until: deadline)
        return true
    }

    /// Has a server told to go on when the others on the loop had their turn. Returns false where it would be interrupted.
    func waitForTurn(_ server: ReadServer) -> Bool {
        if stopsReading { return false }
        wait(for: server, until: 0)
        // One that was given before, for a wait that ended otherwise, is as good.
        if !hasTurnComing { loop.giveTurn(to: self) }
        hasTurnComing = true
        return true
    }

    private var stopsReading: Bool {
        isInterrupted || (kind == .connection && loop.isEndingReads && !keepsReading)
    }

    /// Returns how a wait to read would end at once; nil where it would not.
    private func prepareToWait() -> Wakeup? {
        // One that was not watched yet when the loop ended reading is told here.
        if stopsReading { interrupt() }
        if isReadable { return .ready }
        if isInterrupted { return .interrupted }
        return registerIfNeeded()
    }

    private func wait(_ reader: Reader, until deadline: UInt64) {
        precondition(self.reader == nil, "two read from one descriptor")
        self.reader = reader
        readDeadline = deadline
        schedule(deadline)
    }

    private func wait(for server: ReadServer, until deadline: UInt64) {
        if self.server !== server {
            precondition(callsUnderWay == 0, "a server waits in the place of one that is being called")
            self.server = server
        }
        wait(.server, until: deadline)
    }

    /// Suspends until the descriptor may be writable, or until `deadline` (0: none).
    func waitUntilWritable(deadline: UInt64) async -> Wakeup {
        if isWritable { return .ready }
        precondition(writer == nil, "two tasks write to one descriptor")
        if let failure = watchWriting() { return failure }
        return await withUnsafeContinuation { continuation in
            writer = Writer(continuation: continuation, deadline: deadline)
            schedule(deadline)
        }
    }

    /// Calls `body` once, on the loop, when a send that just took nothing may take something again. Returns 0 or the errno.
    func whenWritable(_ body: @escaping () -> Void) -> Int32 {
        if case .failed(let code) = watchWriting() { return code }
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

    /// Has the descriptor watched for room in it, too, from the first time on that somebody waits for that: each reply that a peer
    /// reads makes room, and would be an event. What is so already is told at once. Returns why that cannot be.
    private func watchWriting() -> Wakeup? {
        if let failure = registerIfNeeded() { return failure }
        if watchesWriting { return nil }
        let result = loop.watchWriting(self)
        watchesWriting = result == 0
        return watchesWriting ? nil : .failed(-result)
    }

    private func schedule(_ deadline: UInt64) {
        // An entry that comes up too early is put back then; so a deadline that only ever moves on costs one entry.
        guard deadline != 0, deadline < scheduledTime else { return }
        scheduledTime = deadline
        loop.schedule(token, at: deadline)
    }

    /// Stops the reader from waiting, now and from now on. What can be read without waiting still can: what a peer has sent is
    /// looked for once more, because the event that tells of it may be on its way.
    func interrupt() {
        if isInterrupted { return }
        isInterrupted = true
        guard kind == .connection else { return resumeReader(.interrupted) }
        isReadable = true
        resumeReader(.ready)
    }

    /// Ends the reader's wait. A task goes on as if something had come; a server is not made to serve, because who wakes it may be
    /// in the middle of something.
    func wakeReader() {
        resumeReader(.ready)
    }

    // MARK: - What the loop tells

    /// Lets a server receive what an event tells of, which `handle` tells it of afterwards.
    func receiveAhead(_ flags: UInt32, into room: UnsafeMutableRawBufferPointer) {
        guard flags & clinux_readable != 0, case .server = reader, !hasTurnComing else { return }
        // Where the end comes next, a short receive says nothing of it.
        if flags & (clinux_peer_finished | clinux_hang_up) != 0 { peerHasFinished = true }
        isReadable = true
        wasToldAhead = true
        Unmanaged.passUnretained(server!)._withUnsafeGuaranteedRef { $0.receiveAhead(into: room) }
    }

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
        if reader != nil, readDeadline != 0 {
            if readDeadline <= now { resumeReader(.timedOut) } else { schedule(readDeadline) }
        }
        if let deadline = writer?.deadline, deadline != 0 {
            if deadline <= now { resumeWriter(.timedOut) } else { schedule(deadline) }
        }
    }

    /// Something may be there to read.
    private func noteReadable() {
        if !wasToldAhead { isReadable = true }
        wasToldAhead = false
        switch reader {
        // Who lets the others go first finds it then.
        case .server: if !hasTurnComing { serve() }
        case .task: resumeReader(.ready)
        case nil: break
        }
    }

    /// Has the server go on, if that is who waits.
    func takeTurn() {
        hasTurnComing = false
        if case .server = reader { serve() }
    }

    private func serve() {
        reader = nil
        callServer { $0.serve() }
    }

    /// Lends the server, and lets go of it where it does not wait again.
    private func callServer(_ body: (ReadServer) -> Void) {
        callsUnderWay += 1
        Unmanaged.passUnretained(server!)._withUnsafeGuaranteedRef(body)
        callsUnderWay -= 1
        if case .server = reader { return }
        if callsUnderWay == 0 { server = nil }
    }

    private func resumeReader(_ wakeup: Wakeup) {
        switch reader.take() {
        case .task(let continuation): continuation.resume(returning: wakeup)
        case .server: callServer { $0.endWait() }
        case nil: break
        }
    }

    private func resumeWriter(_ wakeup: Wakeup) {
        guard let waiter = writer else { return }
        writer = nil
        waiter.continuation.resume(returning: wakeup)
    }
}
