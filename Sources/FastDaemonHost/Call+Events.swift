import CFastDaemonPlugin
import CLinux
import Synchronization

/// What the plugin wants to be told of, and when it is.
extension Call {
    /// `notify` of the ABI.
    func notify(_ event: Int, _ callback: CallState.Callback?) -> Int32 {
        guard (FASTDAEMON_EVENT_READABLE...FASTDAEMON_EVENT_SIGNAL).contains(event) else {
            return Int32(FASTDAEMON_ERROR_MISUSE)
        }
        isTouched = true
        let thread = clinux_thread_id()
        // A callback that asks for the next is not called in itself: it would be as deep as there are events.
        let isNested = state.withLock { $0.setCallback(callback, for: event, on: thread) }
        if !isNested, hasCome(event) { fire(event) }
        return 0
    }

    /// Calls `function(user)` once when an event comes, at once where it has come: as a plugin that asks for it is called back, on
    /// any thread. For who serves the call elsewhere, in the plugin's stead.
    ///
    /// - Parameter event: `FASTDAEMON_EVENT_...`
    public final func notify(
        _ event: Int, calling function: @escaping @convention(c) (UnsafeMutableRawPointer?) -> Void,
        with user: UnsafeMutableRawPointer
    ) {
        _ = notify(event, CallState.Callback(function: function, user: user))
    }

    private func hasCome(_ event: Int) -> Bool {
        switch event {
        case FASTDAEMON_EVENT_CANCELLED: cancellationReason != FASTDAEMON_NOT_CANCELLED
        case FASTDAEMON_EVENT_SIGNAL: state.withLock { $0.takeUntoldSignal() }
        default: isReady(event)
        }
    }

    /// Calls the plugin back for an event, if it asked for that.
    public func fire(_ event: Int) {
        let thread = clinux_thread_id()
        guard let callback = state.withLock({ $0.beginCallback(event, on: thread) }) else { return }
        run(callback, on: thread)
    }

    /// Whether the plugin wants to be told of an event.
    public func awaits(_ event: Int) -> Bool {
        state.withLock { $0.hasCallback(for: event) }
    }

    func run(_ callback: CallState.Callback, on thread: Int32) {
        let before = clinux_enter_plugin(command?.crashText ?? 0)
        defer { clinux_leave_plugin(before) }
        callback.function(callback.user)
        // What it asked for meanwhile may be there already.
        while let event = state.withLock({ $0.takeDeferredEvent() }) {
            guard hasCome(event), let next = state.withLock({ $0.takeCallback(for: event) }) else { continue }
            next.function(next.user)
        }
        state.withLock { $0.endCallback(on: thread) }
    }

    /// Lets no callback begin any more, and holds the calling thread until one that runs on another has returned.
    public final func endCallbacks() {
        state.withLock { $0.endCallbacks() }
        let thread = clinux_thread_id()
        // A callback may not wait, so it is over soon; it is not worth a condition variable in every call.
        while state.withLock({ $0.runsCallback(besides: thread) }) { clinux_yield() }
    }
}
