import CFastDaemonPlugin

/// What several threads may want to change about a call: how far its end has come, and who wants to be called back. Pure; the
/// call holds a lock around it.
struct CallState {
    /// A function of the plugin's, and what to hand it.
    struct Callback: @unchecked Sendable {
        let function: @convention(c) (UnsafeMutableRawPointer?) -> Void
        let user: UnsafeMutableRawPointer?
    }

    private enum Phase {
        /// The handler has not returned, or returned a status.
        case running

        /// The handler has not returned, but the call was finished already.
        case finishedEarly(Int32)

        /// The handler said "later", and nothing came since.
        case later

        /// The host waits for the end.
        case awaited(UnsafeContinuation<Int32, Never>)

        /// It ended after the handler had returned, before the host asked.
        case finished(Int32)
    }

    private var phase = Phase.running
    private var callbacks = Callbacks()

    /// The threads that run a callback at this moment, each as often as it does.
    private var callbackThreads: [Int32] = []

    /// Whether the call is ending, so that no callback begins any more.
    private var isEnding = false

    var cancellationDescriptor: Int32 = -1

    /// Whether signals came before anybody wanted to be told. They are told as one.
    private var hasUntoldSignal = false

    /// What was asked for within a callback, and is looked at after it.
    private var deferredEvents: [Int] = []

    mutating func returnedLater() -> Call.Outcome {
        if case .finishedEarly(let status) = phase {
            phase = .running
            return .status(status)
        }
        phase = .later
        return .later
    }

    /// Returns the status where the call has ended already.
    mutating func await(_ continuation: UnsafeContinuation<Int32, Never>) -> Int32? {
        if case .finished(let status) = phase { return status }
        phase = .awaited(continuation)
        return nil
    }

    /// Returns whom to resume. A second `finish`, against the rules, finds nobody.
    mutating func finish(_ status: Int32) -> UnsafeContinuation<Int32, Never>? {
        switch phase {
        case .running: phase = .finishedEarly(status)
        case .later: phase = .finished(status)
        case .awaited(let continuation):
            phase = .finished(status)
            return continuation
        case .finishedEarly, .finished: break
        }
        return nil
    }

    // MARK: - Callbacks

    /// Returns whether `thread` runs a callback: the event is then looked at when that has returned.
    mutating func setCallback(_ callback: Callback?, for event: Int, on thread: Int32) -> Bool {
        if isEnding { return true }
        callbacks[event] = callback
        guard callbackThreads.contains(thread) else { return false }
        if !deferredEvents.contains(event) { deferredEvents.append(event) }
        return true
    }

    /// The next event that was asked for within a callback.
    mutating func takeDeferredEvent() -> Int? {
        isEnding || deferredEvents.isEmpty ? nil : deferredEvents.removeFirst()
    }

    /// Takes the callback of an event, for a thread that runs one already.
    mutating func takeCallback(for event: Int) -> Callback? {
        defer { callbacks[event] = nil }
        return callbacks[event]
    }

    func hasCallback(for event: Int) -> Bool { callbacks[event] != nil }

    /// Takes the callback of an event, to be called by `thread`.
    mutating func beginCallback(_ event: Int, on thread: Int32) -> Callback? {
        guard let callback = callbacks[event] else { return nil }
        callbacks[event] = nil
        callbackThreads.append(thread)
        return callback
    }

    mutating func endCallback(on thread: Int32) {
        if let index = callbackThreads.lastIndex(of: thread) { callbackThreads.remove(at: index) }
    }

    /// From now on no callback begins.
    mutating func endCallbacks() {
        isEnding = true
        callbacks = Callbacks()
    }

    /// Takes the callback for signals, or remembers that there was one to tell of.
    mutating func beginSignalCallback(on thread: Int32) -> Callback? {
        if let callback = beginCallback(Int(FASTDAEMON_EVENT_SIGNAL), on: thread) { return callback }
        hasUntoldSignal = true
        return nil
    }

    /// Whether there were signals that nobody was told of, and somebody wants to be told; they are told now.
    mutating func takeUntoldSignal() -> Bool {
        guard hasUntoldSignal, callbacks[Int(FASTDAEMON_EVENT_SIGNAL)] != nil else { return false }
        hasUntoldSignal = false
        return true
    }

    func runsCallback(besides thread: Int32) -> Bool {
        callbackThreads.contains { $0 != thread }
    }

    /// One callback an event.
    private struct Callbacks {
        private var readable, writable, cancelled, signal: Callback?

        subscript(event: Int) -> Callback? {
            get {
                switch event {
                case FASTDAEMON_EVENT_READABLE: readable
                case FASTDAEMON_EVENT_WRITABLE: writable
                case FASTDAEMON_EVENT_CANCELLED: cancelled
                default: signal
                }
            }
            set {
                switch event {
                case FASTDAEMON_EVENT_READABLE: readable = newValue
                case FASTDAEMON_EVENT_WRITABLE: writable = newValue
                case FASTDAEMON_EVENT_CANCELLED: cancelled = newValue
                default: signal = newValue
                }
            }
        }
    }
}
