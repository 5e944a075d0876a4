import CFastDaemonPlugin
import CLinux
import FastDaemonHost
import FastDaemonIO
import FastDaemonProtocol
import FastDaemonSystem

/// Plays the client in the session by which a worker serves a call: what the handler there reads comes from the call, and what
/// it writes goes to the call, whatever kind of call that is.
///
/// `@unchecked Sendable`: touched on its loop's thread alone.
final class WorkerRelay: @unchecked Sendable {
    let call: Call
    let pool: WorkerPool
    private let loop: EventLoop

    private(set) var connection: Connection?
    private var lease: WorkerPool.Lease?
    private var decoder = SessionDecoder(from: .server)

    /// The beginning of a frame whose rest has not come.
    private var partial: [UInt8] = []

    /// What is to be sent, from `sent` on.
    var outbox: [UInt8] = []
    private(set) var sent = 0
    private var isWaitingForRoom = false

    // What goes in; see WorkerRelay+Streams.
    var owedInputs = 0
    var piece = UnsafeRawBufferPointer(start: nil, count: 0)
    var inputHasEnded = false

    /// Whether input is there that waits until the worker has taken what was sent.
    var isInputHeld = false

    // What comes out.
    var backlog: OutputBacklog<UInt32>
    var creditOwed = 0
    var isDeaf = false
    var hasToldLimit = false
    private var drainWaiter: UnsafeContinuation<Void, Never>?

    private var hasToldCancellation = false

    /// Whether the caller is gone, which may come before the call is in a worker that could be told.
    private var isGone = false
    private var end: (frame: SessionEnd, text: String)?
    private var isPumping = false
    private var isPumpWanted = false
    private(set) var isFinished = false

    /// How many bytes of output are on their way at most.
    static let window = 256 * 1024

    /// How long a handler has to end whose caller is gone, in nanoseconds, and what looks at that.
    private let grace: UInt64
    private var graceTimer: EventLoop.Timer?

    init(_ call: Call, on loop: EventLoop, _ pool: WorkerPool, _ budget: ByteBudget, grace: UInt64) {
        self.call = call
        self.loop = loop
        self.pool = pool
        backlog = OutputBacklog(budget: budget)
        self.grace = grace
    }

    // MARK: - The call

    /// Called back when something happened to the call. On any thread.
    private static let wake: @convention(c) (UnsafeMutableRawPointer?) -> Void = { user in
        let relay = Unmanaged<WorkerRelay>.fromOpaque(user!).takeUnretainedValue()
        relay.loop.execute { relay.pump() }
    }

    /// Wants to know of the call's cancellation, and of signals.
    func listen() {
        ask(for: FASTDAEMON_EVENT_CANCELLED)
        ask(for: FASTDAEMON_EVENT_SIGNAL)
    }

    func ask(for event: Int) {
        call.notify(event, calling: Self.wake, with: Unmanaged.passUnretained(self).toOpaque())
    }

    /// The call has ended: nothing more is done with it.
    func finish() {
        isFinished = true
        if let timer = graceTimer.take() { loop.cancel(timer) }
        call.endCallbacks()
        connection?.close()
    }

    // MARK: - The session

    /// Hands the call to a worker. Returns false where that has ended.
    func begin(in lease: WorkerPool.Lease) throws(IOError) -> Bool {
        let pair = try ConnectionPair(on: loop)
        let order = WorkerCall(
            id: call.id, command: call.command.name, deadline: call.deadline, caller: call.caller)
        outbox = []
        try appendRequest()
        switch lease.process.send(.call(order), with: pair.other.number) {
        case 0: break
        case -11: throw IOError("call", "a worker process", because: "it takes no more calls")
        default: return false
        }
        self.lease = lease
        connection = pair.connection
        pair.connection.keepReading()
        pump()
        return true
    }

    /// Serves the session to its end, which is when the worker closes it: its handler has ended then. Returns nil where that
    /// came without a word.
    func converse() async -> (SessionEnd, text: String)? {
        let connection = connection!
        var receivedInTurn = 0
        do throws(ConnectionError) {
            while true {
                guard let count = try connection.receiveNow(into: loop.scratch) else {
                    receivedInTurn = 0
                    _ = try await connection.waitUntilReadable(deadline: 0)
                    continue
                }
                if count == 0 { break }
                guard take(UnsafeRawBufferPointer(rebasing: loop.scratch[..<count])) else { break }
                receivedInTurn += count
                if receivedInTurn < EventLoop.scratchSize { continue }
                receivedInTurn = 0
                await loop.sleep(nanoseconds: 0)
            }
        } catch {
            // The worker is gone.
        }
        connection.close()
        return end
    }

    /// Waits until the call has taken all that the handler wrote.
    func drain() async {
        if backlog.isEmpty { return }
        await withUnsafeContinuation { drainWaiter = $0 }
    }

    /// Acts on what came. Returns false where it breaks the protocol.
    private func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        defer { pump() }
        do throws(SessionError) {
            if partial.isEmpty {
                let used = try decode(bytes)
                if used < bytes.count { partial = Array(bytes[used...]) }
                return true
            }
            var whole: [UInt8] = []
            swap(&whole, &partial)
            whole.append(contentsOf: bytes)
            let result = whole.withUnsafeBytes { whole in
                Result { () throws(SessionError) in try decode(whole) }
            }
            partial = Array(whole.dropFirst(try result.get()))
            return true
        } catch {
            return false
        }
    }

    private func decode(_ bytes: UnsafeRawBufferPointer) throws(SessionError) -> Int {
        var offset = 0
        while let event = try decoder.next(in: bytes.bytes, at: &offset) {
            switch event {
            case .output(let range): write(bytes[range], to: UInt32(FASTDAEMON_STANDARD_OUTPUT))
            case .errors(let range): write(bytes[range], to: UInt32(FASTDAEMON_STANDARD_ERROR))
            case .pull(let count): owedInputs += count
            case .end(let frame, let text): end = (frame, String(decoding: bytes[text], as: UTF8.self))
            default: break  // A hello says nothing new, and the decoder lets a server send nothing else.
            }
        }
        return offset
    }

    func allow(_ credit: Int) { decoder.allow(credit) }

    // MARK: - Going on

    /// Does what can be done now, in both directions. Anything that it does may call it anew.
    func pump() {
        isPumpWanted = true
        if isPumping || isFinished { return }
        isPumping = true
        defer { isPumping = false }
        while isPumpWanted {
            isPumpWanted = false
            tellCancellation()
            writeBacklog()
            if backlog.isEmpty, let waiter = drainWaiter.take() { waiter.resume() }
            guard connection != nil, end == nil else { continue }
            tellSize()
            passInput()
            flush()
        }
    }

    private func tellCancellation() {
        let reason = CancellationReason(rawValue: call.cancellationReason)
        guard let lease else {
            if reason != nil { pool.abandon(call.id) }
            return
        }
        if let reason, !hasToldCancellation {
            hasToldCancellation = true
            switch reason {
            case .signal:
                SessionEncoder.append(SessionSignal(UInt8(truncatingIfNeeded: call.lastSignalNumber)), to: &outbox)
            case .hangup: isGone = true
            case .time, .shutdown, .limit: lease.process.send(.cancel(call: call.id, reason))
            }
        }
        if isGone, !isDeaf { tellHangUp(lease) }
    }

    /// The caller is gone, whatever the call was cancelled for before.
    func hangUp() {
        isGone = true
        pump()
    }

    /// Nobody takes what the handler writes any more, and it is told so.
    private func tellHangUp(_ lease: WorkerPool.Lease) {
        isDeaf = true
        backlog.removeAll()
        lease.process.send(.cancel(call: call.id, .hangup))
        limitGrace()
    }

    /// Ends the worker of a handler that goes on though its caller is gone: nobody waits for it, and others wait for its place.
    /// Where calls of others are in the worker, they come to their ends first.
    private func limitGrace() {
        graceTimer = loop.schedule(at: clinux_now() + grace) { [self] in
            graceTimer = nil
            pool.forsake(call.id, graceNanoseconds: grace)
        }
    }

    private func flush() {
        guard !isWaitingForRoom, sent < outbox.count, let connection else { return }
        do throws(ConnectionError) {
            let count = outbox.withUnsafeBytes { bytes in
                Result { () throws(ConnectionError) in
                    try connection.sendNow(UnsafeRawBufferPointer(rebasing: bytes[sent...]))
                }
            }
            sent += try count.get()
            if sent == outbox.count {
                sent = 0
                outbox.removeAll(keepingCapacity: true)
                // Input may have waited for room.
                if owedInputs > 0, !inputHasEnded { isPumpWanted = isPumpWanted || isInputHeld }
                isInputHeld = false
                return
            }
            if sent > outbox.count / 2 {
                outbox.removeFirst(sent)
                sent = 0
            }
            isWaitingForRoom = true
            try connection.whenWritable { [weak self] in
                self?.isWaitingForRoom = false
                self?.pump()
            }
        } catch {
            // The worker is gone, or cannot be heard: who reads finds the end.
            isWaitingForRoom = true
            connection.shutDown()
        }
    }
}

extension Result {
    fileprivate init(catching body: () throws(Failure) -> Success) {
        do { self = .success(try body()) } catch { self = .failure(error) }
    }
}
