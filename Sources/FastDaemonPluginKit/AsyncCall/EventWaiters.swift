import CFastDaemonPlugin
import Synchronization

/// The tasks of a call that wait for one of the host's events.
///
/// Whoever is resumed looks again at what it waits for, so it does no harm to resume too many.
final class EventWaiters: Sendable {
    typealias Continuation = CheckedContinuation<Void, Never>

    private let continuations = Mutex<[HostEvent: [Continuation]]>([:])

    func append(_ continuation: Continuation, for event: HostEvent) {
        continuations.withLock { $0[event, default: []].append(continuation) }
    }

    func resume(_ event: HostEvent) {
        let waiting = continuations.withLock { $0.removeValue(forKey: event) ?? [] }
        for continuation in waiting { continuation.resume() }
    }

    func resumeAll() {
        for event in HostEvent.allCases { resume(event) }
    }
}

/// What tasks wait for. That a call is cancelled is an event of its own, which ends all waiting.
enum HostEvent: UInt32, CaseIterable {
    case readable = 1
    case writable = 2
    case signal = 4

    /// What `notify` calls when the event has come; its `user` is the call's ``EventWaiters``.
    var callback: @convention(c) (UnsafeMutableRawPointer?) -> Void {
        switch self {
        case .readable: { resume(.readable, of: $0) }
        case .writable: { resume(.writable, of: $0) }
        case .signal: { resume(.signal, of: $0) }
        }
    }
}

private func resume(_ event: HostEvent, of user: UnsafeMutableRawPointer?) {
    guard let user else { return }
    Unmanaged<EventWaiters>.fromOpaque(user).takeUnretainedValue().resume(event)
}

extension AsyncCall {
    /// Suspends until the event has come; also ends, without it, where the task or the call is cancelled or the call
    /// ends.
    func wait(for event: HostEvent) async throws(CallError) {
        let refusal = Mutex<CallError?>(nil)
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                waiters.append(continuation, for: event)
                do throws(CallError) {
                    try notify(event)
                } catch {
                    refusal.withLock { $0 = error }
                    waiters.resume(event)
                }
                // What came between the caller's look and the `append` would find nobody to resume.
                if Task.isCancelled || isCancelled { waiters.resume(event) }
            }
        } onCancel: {
            waiters.resume(event)
        }
        if let error = refusal.withLock({ $0 }) { throw error }
    }

    private func notify(_ event: HostEvent) throws(CallError) {
        try attempt { (raw) throws(CallError) in
            let user = Unmanaged.passUnretained(waiters).toOpaque()
            let answer = raw.host.pointee.notify(raw.call, event.rawValue, event.callback, user)
            if answer != 0 { throw CallError(code: Int(answer)) }
        }
    }

    /// Throws where waiting is of no use any more.
    func checkCancellation() throws(CallError) {
        if Task.isCancelled || isCancelled { throw .cancelled }
    }
}
