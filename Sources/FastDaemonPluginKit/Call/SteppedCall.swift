import CFastDaemonPlugin
import Synchronization

/// What a callback of `notify` finds behind its `user`; without the type parameter, which a C function cannot have.
@usableFromInline
class WaitingCall {
    @usableFromInline
    init() {}

    /// Goes on, on the thread of the callback.
    func resume() {}
}

private func resumeCall(user: UnsafeMutableRawPointer?) {
    guard let user else { return }
    Unmanaged<WaitingCall>.fromOpaque(user).takeRetainedValue().resume()
}

/// Runs a call of a stepwise handler up to its end, or up to where it has to wait. One that never waits allocates nothing: it
/// is compiled for the handler's own state, where that is.
@inlinable
func runStepwise<State>(
    _ raw: UnsafeCall, state: State, step: @escaping @Sendable (borrowing Call, inout State) throws -> Step
) -> Int32 {
    var state = state
    switch nextStep(raw, &state, step) {
    case .done(let status):
        return status.code
    case .again(let event):
        let call = SteppedCall(raw, state, step)
        guard let status = call.proceed(after: event) else { return laterStatus }
        return status.code
    }
}

@inlinable
func nextStep<State>(
    _ raw: UnsafeCall, _ state: inout State, _ step: @Sendable (borrowing Call, inout State) throws -> Step
) -> Step {
    let call = Call(raw)
    do {
        return try step(call, &state)
    } catch {
        return .done(call.end(with: error))
    }
}

/// A call of a stepwise handler that had to wait: it lives from the first `again` to the end of the call.
///
/// The steps of a call come one after the other, but from different threads: the one of `run`, then those that call
/// back.
@usableFromInline
final class SteppedCall<State>: WaitingCall {
    @usableFromInline
    typealias Body = @Sendable (borrowing Call, inout State) throws -> Step

    private let raw: UnsafeCall
    private var state: State
    private let step: Body

    /// Who makes the next step. The callback may come before `notify` has returned, on this thread or another; then it
    /// only leaves word, and the thread that asked goes on. So no two threads are in a step at once, and a caller that
    /// is always ready does not make the stack grow.
    private let turn = Atomic(Turn.asking)

    private enum Turn: UInt8, AtomicRepresentable {
        case asking
        case waiting
        case came
    }

    @usableFromInline
    init(_ raw: UnsafeCall, _ state: State, _ step: @escaping Body) {
        self.raw = raw
        self.state = state
        self.step = step
    }

    /// Waits for `event` and makes the steps that follow. Answers the status once the call is done; nil where it waits,
    /// and where another thread may have ended it by now.
    @usableFromInline
    func proceed(after event: Step.Event) -> ExitStatus? {
        var event = event
        while true {
            turn.store(.asking, ordering: .relaxed)
            // The reference is the callback's until it comes.
            let user = Unmanaged<WaitingCall>.passRetained(self)
            guard raw.host.pointee.notify(raw.call, event.rawValue, resumeCall, user.toOpaque()) == 0 else {
                user.release()
                return Call(raw).end(with: CallError.misuse)
            }
            let previous = turn.compareExchange(expected: .asking, desired: .waiting, ordering: .acquiringAndReleasing)
            if previous.exchanged { return nil }
            switch nextStep(raw, &state, step) {
            case .done(let status): return status
            case .again(let next): event = next
            }
        }
    }

    override func resume() {
        if turn.compareExchange(expected: .asking, desired: .came, ordering: .acquiringAndReleasing).exchanged {
            return
        }
        switch nextStep(raw, &state, step) {
        case .done(let status): raw.finish(status)
        case .again(let event):
            if let status = proceed(after: event) { raw.finish(status) }
        }
    }
}
