import CLinux

/// What is done when its time has come.
extension EventLoop {
    /// Names something that is to be done later.
    public struct Timer: Sendable {
        fileprivate let token: UInt64
    }

    /// Calls `body` once, on the loop, when `time` has come, in nanoseconds of the monotonic clock. Loop thread only.
    public func schedule(at time: UInt64, _ body: @escaping () -> Void) -> Timer {
        assertIsCurrent()
        let timer = Timer(token: timers.insert(body))
        schedule(timer.token, at: time)
        return timer
    }

    /// Takes back what is to be done later; nothing happens where it was done. Loop thread only.
    public func cancel(_ timer: Timer) {
        assertIsCurrent()
        if timers.remove(timer.token) != nil { forgetCancelledTimers() }
    }

    /// Suspends the calling task for a while, or until it is cancelled.
    public func sleep(nanoseconds: UInt64) async {
        if !isCurrent { return await withTaskExecutorPreference(self) { await self.sleep(nanoseconds: nanoseconds) } }
        let token = timers.reserve()
        await withTaskCancellationHandler {
            if Task.isCancelled { return }
            await withUnsafeContinuation { continuation in
                timers.fill(token) { continuation.resume() }
                let (time, isNever) = clinux_now().addingReportingOverflow(nanoseconds)
                schedule(token, at: isNever ? .max : time)
            }
        } onCancel: {
            execute {
                guard let body = self.timers.remove(token) else { return }
                body()
                self.forgetCancelledTimers()
            }
        }
    }
}

/// What is to be done later, by token. Pure.
///
/// The loop's queue of deadlines keeps the entries of those that were cancelled until they come up; when they are most of it,
/// they are thrown away together.
struct TimerTable {
    private var bodies: [UInt64: () -> Void] = [:]
    private var lastToken: UInt32 = 0

    /// How many were cancelled whose entries may be in the queue.
    private(set) var cancelled = 0

    /// Takes a token. They have no generation in the upper half, as no registration's has.
    mutating func reserve() -> UInt64 {
        // After some thousand million a number comes again, and may have been in use all the time.
        repeat { lastToken &+= 1 } while lastToken == 0 || bodies[UInt64(lastToken)] != nil
        return UInt64(lastToken)
    }

    mutating func fill(_ token: UInt64, _ body: @escaping () -> Void) {
        bodies[token] = body
    }

    mutating func insert(_ body: @escaping () -> Void) -> UInt64 {
        let token = reserve()
        fill(token, body)
        return token
    }

    /// Takes out what was cancelled.
    mutating func remove(_ token: UInt64) -> (() -> Void)? {
        let body = bodies.removeValue(forKey: token)
        if body != nil { cancelled += 1 }
        return body
    }

    /// Takes out what is to be done now.
    mutating func take(_ token: UInt64) -> (() -> Void)? {
        bodies.removeValue(forKey: token)
    }

    /// Whether an entry of the queue is a cancelled timer's.
    func isCancelled(_ token: UInt64) -> Bool { token >> 32 == 0 && bodies[token] == nil }

    mutating func forgetCancelled() {
        cancelled = 0
    }
}
