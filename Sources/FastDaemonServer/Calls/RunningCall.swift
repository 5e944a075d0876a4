import FastDaemonHost
import FastDaemonIO
import FastDaemonProtocol
import Synchronization

/// A call that goes on after its request was taken in.
///
/// `@unchecked Sendable`: what changes is touched on its loop's thread alone, or guards itself.
final class RunningCall: @unchecked Sendable {
    let call: Call
    let route: Route

    /// Where it comes in; nil for an inline call, which is running already.
    let gate: Gate?

    /// When its request was there, in nanoseconds of the monotonic clock.
    let received: UInt64

    /// Who serves the loop that it came in on.
    let service: RecordService

    var loop: EventLoop { service.loop }

    /// Whether it takes a thread of the daemon, and so one of the places that all plugins share.
    var countsGlobally: Bool { route.execution != .process }

    /// Where it stands among the calls that go on, which look after that.
    var place = 0

    // Touched on the loop alone.

    /// How long it may wait and run, and what looks at that.
    var clock: CallClock
    var timer: EventLoop.Timer?

    /// When its turn had come; 0 before.
    var begin: UInt64 = 0

    /// Who is told once, at its end, or when its time is over.
    var answer: Answer?

    enum Answer {
        case task(UnsafeContinuation<CallEnd, Never>)

        /// The peer of an exchange, by a reply in its place.
        case peer(Exchange, RecordCall, OrderedReplies<ByteBuffer>.Slot)
    }

    /// Called when its caller was answered and it goes on: what can be stopped is to be stopped now.
    var whenOverdue: (() -> Void)?

    /// Called when its caller is gone, whatever it was cancelled for before.
    var whenGone: (() -> Void)?

    /// Whether a thread of the pool is in its handler, or is about to be, and whether the pool was told that this one may not come back.
    var holdsThread = false
    var isStuck = false

    /// How its handler returned: set by the thread that it ran on, which then has nothing to do with the call any more.
    private(set) var outcome = Call.Outcome.later

    /// Whether it goes on although its caller was told that its time is over. From any thread.
    var isOverdue: Bool { overdue.load(ordering: .relaxed) }
    private let overdue = Atomic(false)

    /// - Parameter clock: how long it may wait and run; nil for as long as it likes.
    init(
        call: Call, route: Route, gate: Gate?, received: UInt64, service: RecordService, clock: CallClock? = nil
    ) {
        self.call = call
        self.route = route
        self.gate = gate
        self.received = received
        self.service = service
        self.clock = clock ?? CallClock(received: received)
    }

    /// Has it give up if it waits for its turn.
    func abandon() {
        gate?.abandon(call.id)
    }

    func noteOverdue() {
        overdue.store(true, ordering: .relaxed)
    }
}

/// The way to a thread of the pool and back.
extension RunningCall: Admittable, PoolJob, LoopJob {
    func noteTurn(mayRun: Bool) {
        service.noteTurn(of: self, mayRun: mayRun)
    }

    func runOnPool() {
        outcome = call.runOnPool()
        loop.post(self)
    }

    func runOnLoop() {
        service.noteReturn(of: self)
    }
}

/// How a call went, as its caller is to be told.
enum CallEnd {
    /// The handler ended with a status. `begin` is when its turn had come.
    case ended(status: Int32, begin: UInt64)

    /// Its caller was not to wait for it any more, because its time was over, say; the text says why. It may go on. `begin` is nil where
    /// its turn had not come, and it is not run.
    case givenUp(String, SessionVerdict, begin: UInt64?)

    /// Too many others run and wait. The text says so.
    case busy(String)

    /// It was cancelled before its turn came.
    case abandoned

    /// The caller's directory cannot be entered, for the reason that this errno says.
    case noDirectory(Int32)

    /// Its worker did not run it, or not to its end.
    case failed(CallFailure)
}

/// How a call ended otherwise than by its handler.
struct CallFailure {
    var verdict: SessionVerdict
    var status: UInt8
    var text: String

    /// When its turn had come.
    var begin: UInt64
}
