import CLinux
import FastDaemonHost
import FastDaemonIO
import FastDaemonProtocol
import Synchronization

/// One session, on its loop: reads what the client sends, says what is to be done, and sends what the call wrote.
///
/// `@unchecked Sendable`: touched on its loop's thread alone, but for `pull` and `flushSoon`.
final class Session: CallerSource, @unchecked Sendable {
    let connection: Connection
    let core: ServerCore
    let caller: Caller
    let service: RecordService

    /// How far it has come.
    enum Phase {
        /// The request is not whole.
        case request

        /// The input of an inline command that wants all of it is not there yet.
        case gathering

        /// The call goes on.
        case running

        /// How it ends is decided, and not sent yet.
        case ending

        /// Nothing is sent or received any more.
        case over
    }

    var phase = Phase.request

    /// Whether it and its call have ended, and nothing is left but to close its connection.
    var isOver: Bool { phase == .over && running == nil }

    var decoder: SessionDecoder

    /// The beginning of a frame whose rest has not come.
    let partial: ByteBuffer

    let request: SessionRequest
    var hello: SessionHello?

    /// What runs, or waits for its turn; nil before, and for what the daemon answers itself.
    var call: SessionCall?
    var route: Route?

    /// How long the call may take.
    var clock = CallClock(received: 0)

    /// The call as one that goes on; nil where it ended at once.
    var running: RunningCall?

    /// What one of the daemon's own commands does that takes a while: the exit status; nil where it is none.
    var ownWork: (@Sendable () async -> Int32)?

    // What goes out; see Session+Sending.
    var outgoing: ByteBuffer
    var end: (frame: SessionEnd, text: [UInt8])?
    var endStatus: UInt8 = 0
    var isWaitingForRoom = false
    let pulls = Atomic(0)
    let isFlushPosted = Atomic(false)

    /// In a worker: how many flushes have begun that have not sent everything.
    var unsent = 0

    /// The end that a call is given which was told to stop, and when it has it, whether it stopped or not.
    var surrender: (verdict: SessionVerdict, text: String, time: UInt64)?

    /// When anything was last received or sent, by the loop's clock.
    var lastProgress: UInt64
    let begin: UInt64
    var receivedInTurn = 0

    /// How many INPUTs began whose bytes were not handed on.
    var begunInputs = 0

    /// The first signal that asked the command to stop.
    var cancellingSignal: UInt8?

    /// The number of the call in the log; 0 where nothing was called.
    var callID: UInt64 = 0

    var loop: EventLoop { connection.loop }

    /// In a worker: what the daemon says of the call. The caller's time is then for the daemon to watch.
    let assigned: WorkerCall?

    /// In a worker: why the call is not wanted any more, where that came before its request.
    var earlyCancellation: CancellationReason?

    /// - Parameter exchange: the connection, as it began.
    convenience init(_ exchange: Exchange, _ service: RecordService) {
        self.init(exchange.connection, caller: exchange.caller, begin: exchange.start, service)
    }

    /// - Parameter assigned: in a worker, what the daemon says of the call.
    init(
        _ connection: Connection, caller: Caller, begin: UInt64, assigned: WorkerCall? = nil, _ service: RecordService
    ) {
        self.connection = connection
        self.caller = caller
        self.assigned = assigned
        self.service = service
        core = service.core
        // The daemon has measured what it hands on.
        decoder = SessionDecoder(from: .client, requestLimit: assigned == nil ? core.limits.recordBytes : .max)
        request = SessionRequest(budget: core.budget)
        partial = ByteBuffer(budget: core.budget)
        outgoing = ByteBuffer(budget: core.budget)
        self.begin = begin
        lastProgress = begin
    }

    // MARK: - The end

    func finish(_ verdict: SessionVerdict, _ text: String) {
        finish(verdict, status: verdict.exitStatus ?? 0, text)
    }

    /// Decides how the session ends. What was written before is sent first; while that lacks credit, something worse than a
    /// good end may still take its place.
    func finish(_ verdict: SessionVerdict, status: UInt8, _ text: String) {
        guard phase != .over, phase != .ending || end != nil && verdict != .completed else { return }
        if hello == nil { sendHello() }
        phase = .ending
        endStatus = status
        end = (SessionEnd(verdict, status: status, call: callID), Array(text.utf8))
        flush()
    }

    /// The client is gone, or nothing reaches it any more.
    func hangUp() {
        guard phase != .over else { return }
        phase = .over
        noteSent()
        dropCall()
        connection.wakeReader()
    }

    /// The call is not wanted any more, the daemon says.
    func noteCancellation(_ reason: CancellationReason) {
        earlyCancellation = reason
        if reason == .hangup { call?.closeStreams() }
        if phase == .gathering {
            finish(reason == .shutdown ? .shuttingDown : .timedOut, "\(route!.name): given up before it had its input")
        }
        cancelCall(reason)
    }

    /// Nobody waits for the call any more.
    func dropCall() {
        guard let call else { return }
        call.closeStreams()
        cancelCall(.hangup)
        running?.whenGone?()
    }

    /// Tells the call that it is not wanted any more, whether it runs or waits for its turn.
    func cancelCall(_ reason: CancellationReason) {
        guard let call, let running else { return }
        call.cancel(reason)
        running.abandon()
    }

    /// The call has ended, and nothing more is sent: they let go of each other.
    func releaseCall() {
        call = nil
        running = nil
        ownWork = nil
    }

}
