import CLinux
import FastDaemonHost
import FastDaemonIO
import FastDaemonProtocol
import Synchronization

/// A call that goes on after its request was taken in.
struct RunningCall: Sendable {
    let call: Call
    let route: Route

    /// Where it comes in; nil for an inline call, which is running already.
    let gate: Gate?

    /// When its request was there, in nanoseconds of the monotonic clock.
    let received: UInt64

    /// The loop that it came in on.
    let loop: EventLoop
}

/// How a call went.
enum CallEnd {
    /// The handler ended with a status. `begin` is when its turn had come.
    case ended(status: Int32, begin: UInt64)

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

extension RecordService {
    /// Sees a call through to its end: its turn, its run on the pool. On the loop.
    func run(_ running: RunningCall) async -> CallEnd {
        core.running.add(running)
        defer { core.running.remove(running) }
        let call = running.call
        guard let gate = running.gate else {
            call.hasBegun.store(true, ordering: .relaxed)
            return .ended(status: await call.finished(), begin: running.received)
        }
        let isWanted = call.cancellationReason == 0
        switch isWanted ? await gate.enter(ticket: call.id) : .abandoned {
        case .running: break
        case .busy(let others, let waiting):
            running.route.statistics[index].countRefusal()
            let now = clinux_now()
            core.logAccess(running, status: ServerCore.tryAgain, begin: now, end: now)
            return .busy(core.busy(running.route, running: others, waiting: waiting))
        case .abandoned: return .abandoned
        }
        defer { gate.leave() }
        let begin = clinux_now()
        call.hasBegun.store(true, ordering: .relaxed)
        if running.route.execution == .process { return await runInWorker(running, begin: begin) }
        switch await withTaskExecutorPreference(core.pool, operation: { call.runOnPool() }) {
        case .status(let status): return .ended(status: status, begin: begin)
        case .later: return .ended(status: await call.finished(), begin: begin)
        case .noDirectory(let code): return .noDirectory(code)
        }
    }
}

/// The calls that go on, by number.
final class RunningCalls: Sendable {
    private let calls = Mutex<[UInt64: RunningCall]>([:])

    /// Of one route: how many of its calls have begun, and how many of those go on although they were cancelled; and how
    /// many wait for their turn.
    struct Counts {
        var running = 0
        var cancelled = 0
        var waiting = 0
    }

    func add(_ running: RunningCall) {
        calls.withLock { $0[running.call.id] = running }
    }

    func remove(_ running: RunningCall) {
        calls.withLock { $0[running.call.id] = nil }
    }

    subscript(id: UInt64) -> RunningCall? { calls.withLock { $0[id] } }

    var all: [RunningCall] { calls.withLock { Array($0.values) } }

    /// By the statistics of the commands.
    func countsByCommand() -> [ObjectIdentifier: Counts] {
        var counts: [ObjectIdentifier: Counts] = [:]
        for running in all {
            let command = ObjectIdentifier(running.route.statistics)
            if running.call.hasBegun.load(ordering: .relaxed) {
                counts[command, default: Counts()].running += 1
                if running.call.cancellationReason != 0 { counts[command, default: Counts()].cancelled += 1 }
            } else {
                counts[command, default: Counts()].waiting += 1
            }
        }
        return counts
    }
}
