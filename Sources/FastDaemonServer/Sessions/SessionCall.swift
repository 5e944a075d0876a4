import CFastDaemonPlugin
import CLinux
import FastDaemonHost
import FastDaemonProtocol
import Synchronization

/// A call that came as a session: its input is pulled while the handler reads, and its output goes out while it writes.
///
/// `@unchecked Sendable`: `streams` guards what the handler and the loop share; the rest is set before the handler runs.
final class SessionCall: Call, @unchecked Sendable {
    private let streams: Mutex<SessionStreams>
    private let session: Session
    private let request: SessionRequest
    private let mayWait: Bool

    private let environmentStrings: UnsafeMutableBufferPointer<fastdaemon_bytes>
    private let terminals: Mutex<SessionTerminals>
    private let directory = Mutex<Int32?>(nil)

    /// When the handler last began to wait for its client, in nanoseconds of the monotonic clock.
    let waitBegan = Atomic<UInt64>(0)

    /// Counts what happened, for threads that wait for something to happen.
    private let bell: UnsafeMutablePointer<UInt32>

    /// Called likewise, for one of the daemon's own commands; set before the call begins. From any thread.
    var onChange: (@Sendable () -> Void)?

    override var caller: Caller { session.caller }
    override var callerDeadline: UInt64 { session.assigned?.deadline ?? request.deadline }

    init(_ session: Session, _ request: SessionRequest, window: UInt32, mayWait: Bool) {
        self.session = session
        self.request = request
        self.mayWait = mayWait
        streams = Mutex(SessionStreams(budget: session.core.budget, window: window))
        terminals = Mutex(request.terminals)
        environmentStrings = zeroTerminatedStrings(in: UnsafeRawBufferPointer(request.environment))
        bell = .allocate(capacity: 1)
        bell.initialize(to: 0)
        super.init()
    }

    deinit {
        environmentStrings.deallocate()
        bell.deallocate()
        directory.withLock { if let number = $0, number >= 0 { clinux_close(number) } }
    }

    // MARK: - What the handler does

    override func read(_ piece: UnsafeMutablePointer<fastdaemon_bytes>, mayWait: Bool) -> Int32 {
        while true {
            let heard = clinux_load_acquire(bell)
            let waits = self.mayWait && mayWait && cancellationReason == 0 && !session.loop.isCurrent
            let (reading, pulls) = streams.withLock { streams in
                let result = streams.read()
                if case .nothing = result.0, waits { beginWaiting(&streams) }
                return result
            }
            if pulls > 0 { session.pull(pulls) }
            switch reading {
            case .piece(let found):
                piece.pointee = found
                return 1
            case .end: return 0
            case .nothing:
                if cancellationReason != 0, !waits { return Int32(FASTDAEMON_ERROR_CANCELLED) }
                if !waits { return Int32(FASTDAEMON_ERROR_AGAIN) }
                wait(since: heard)
            }
        }
    }

    override func write(_ bytes: UnsafeRawBufferPointer, to stream: UInt32, mayWait: Bool) -> Int64 {
        let type = stream == FASTDAEMON_STANDARD_OUTPUT ? SessionFrameType.output : .errors
        if !self.mayWait, mayWait { return writeAll(bytes, as: type) }
        let writer = clinux_thread_id()
        var written = 0
        while true {
            let heard = clinux_load_acquire(bell)
            let waits = mayWait && cancellationReason == 0 && !session.loop.isCurrent
            let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
            let count = streams.withLock { streams in
                let count = streams.write(rest, as: type, by: writer, toTheEnd: waits)
                if let count, count < rest.count, waits { beginWaiting(&streams) }
                return count
            }
            guard let count else { return Int64(FASTDAEMON_ERROR_CLOSED) }
            written += count
            if count > 0 { session.flushSoon() }
            if written == bytes.count || !waits {
                if written > count { ring() }  // Others may wait for the end of this one.
                if written > 0 || bytes.isEmpty { return Int64(written) }
                return Int64(cancellationReason != 0 ? FASTDAEMON_ERROR_CANCELLED : FASTDAEMON_ERROR_AGAIN)
            }
            wait(since: heard)
        }
    }

    /// For inline handlers, which may not wait: what is not sent at once is kept for them, up to the limit on replies.
    private func writeAll(_ bytes: UnsafeRawBufferPointer, as type: SessionFrameType) -> Int64 {
        let (isClosed, isTaken) = streams.withLock { streams in
            streams.isClosed
                ? (true, false)
                : (false, streams.writeAll(bytes, as: type, limit: session.core.limits.replyBytes))
        }
        if isClosed { return Int64(FASTDAEMON_ERROR_CLOSED) }
        session.flushSoon()
        return isTaken ? Int64(bytes.count) : Int64(FASTDAEMON_ERROR_LIMIT)
    }

    /// Takes note that a thread will wait. A callback, which runs on the loop, may not: nobody would end its wait.
    private func beginWaiting(_ streams: inout SessionStreams) {
        streams.waiters += 1
        waitBegan.store(clinux_now(), ordering: .relaxed)
    }

    /// Holds the handler's thread until something has happened since the bell was heard.
    private func wait(since heard: UInt32) {
        if clinux_load_acquire(bell) == heard { clinux_wait_while(bell, heard) }
        streams.withLock { $0.waiters -= 1 }
    }

    /// Has every thread that waits look again.
    private func ring() {
        // First the bell: who looks at it before this is counted as waiting by the time that this looks.
        clinux_add_release(bell, 1)
        if streams.withLock({ $0.waiters > 0 }) { clinux_wake_all(bell) }
        onChange?()
    }

    override func isReady(_ event: Int) -> Bool {
        if cancellationReason != 0 { return true }
        waitBegan.store(clinux_now(), ordering: .relaxed)
        if event == FASTDAEMON_EVENT_WRITABLE { return streams.withLock { $0.hasRoom } }
        let (isReady, pulls) = streams.withLock { ($0.hasInput, $0.wantInput()) }
        if pulls > 0 { session.pull(pulls) }
        return isReady
    }

    override func noteCancellation() {
        ring()
        fire(FASTDAEMON_EVENT_READABLE)
        fire(FASTDAEMON_EVENT_WRITABLE)
    }

    // MARK: - What the loop does

    /// Writes a text of the daemon's own, whatever it takes.
    func write(_ text: String, as type: SessionFrameType) {
        var text = text
        text.withUTF8 { bytes in
            _ = streams.withLock { $0.writeAll(UnsafeRawBufferPointer(bytes), as: type, limit: nil) }
        }
    }

    /// - Parameter begun: how many INPUTs began with these bytes.
    func receive(_ bytes: UnsafeRawBufferPointer, begun: Int) {
        streams.withLock { $0.receive(bytes, begun: begun) }
        ring()
        fire(FASTDAEMON_EVENT_READABLE)
    }

    func endInput() {
        streams.withLock { $0.endInput() }
        ring()
        fire(FASTDAEMON_EVENT_READABLE)
    }

    func add(credit count: Int) throws(SessionError) {
        let result = streams.withLock { streams in Result { () throws(SessionError) in try streams.add(credit: count) }
        }
        try result.get()
        noteRoom()
    }

    /// Hands over what the handler wrote, in exchange for an empty buffer. Returns whether there was anything.
    func takeFrames(_ buffer: inout ByteBuffer) -> Bool {
        let hadFrames = streams.withLock { streams in
            let hasFrames = streams.hasFrames
            if hasFrames { streams.takeFrames(&buffer) }
            return hasFrames
        }
        if hadFrames { noteRoom() }
        return hadFrames
    }

    private func noteRoom() {
        ring()
        fire(FASTDAEMON_EVENT_WRITABLE)
    }

    /// Whether nobody reads what is written any more.
    var isClosed: Bool { streams.withLock { $0.isClosed } }

    /// Whether all that the handler wrote was handed over.
    var isDrained: Bool { streams.withLock { $0.isDrained } }

    /// Nobody reads what is written any more.
    func closeStreams() {
        streams.withLock { $0.close() }
        noteRoom()
    }

    /// How many more INPUTs to ask for, for a handler that is called when all of them are there.
    func gatherInput() -> Int { streams.withLock { $0.gather() } }

    var unreadBytes: Int { streams.withLock { $0.unreadBytes } }

    /// Whether the handler waits for its client: for input, or for room for its output.
    var waitsForClient: Bool {
        streams.withLock { $0.waiters > 0 } || awaits(FASTDAEMON_EVENT_READABLE) || awaits(FASTDAEMON_EVENT_WRITABLE)
    }

    var byteCounts: (in: Int, out: Int) { streams.withLock { ($0.bytesIn, $0.bytesOut) } }

    /// Tells the handler to stop, and ends the session soon whether it does or not.
    func giveUp(_ verdict: SessionVerdict, _ text: String) {
        session.giveUp(verdict, text, because: .shutdown)
    }

    func resize(columns: UInt16, rows: UInt16) {
        terminals.withLock { ($0.columns, $0.rows) = (columns, rows) }
    }

    // MARK: - Surroundings

    override var environment: UnsafeBufferPointer<fastdaemon_bytes> { UnsafeBufferPointer(environmentStrings) }

    override var workingDirectory: fastdaemon_bytes {
        let path = request.directory
        guard path.count > 1 else { return fastdaemon_bytes(data: nil, count: 0) }
        return fastdaemon_bytes(data: path.baseAddress!.assumingMemoryBound(to: CChar.self), count: path.count - 1)
    }

    override var directoryDescriptor: Int32 {
        guard let path = workingDirectory.data else { return super.directoryDescriptor }
        return directory.withLock { number in
            if let number { return number }
            let opened = clinux_open_directory(clinux_here, path)
            number = opened
            return opened
        }
    }

    override func fill(_ terminal: inout fastdaemon_terminal, of stream: UInt32) {
        let terminals = terminals.withLock { $0 }
        guard terminals.isTerminal(Int(stream)) else { return }
        terminal.is_terminal = 1
        terminal.columns = UInt32(terminals.columns)
        terminal.rows = UInt32(terminals.rows)
    }
}
