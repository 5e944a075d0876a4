import Dispatch
import FastDaemonSystem
import Synchronization

/// What is waited for on a loop, and happens elsewhere.
extension EventLoop {
    /// Runs `body` on the loop when it has finished what it was doing: whatever a job on it had borrowed without counting a
    /// reference, it has let go of by then.
    public func visit(_ body: @escaping @Sendable () -> Void = {}) async {
        await withUnsafeContinuation { continuation in
            post {
                body()
                continuation.resume()
            }
        }
    }

    /// Runs `body` as a task of this loop, and holds the calling thread until it has ended: how the main thread of a program waits
    /// for what it is there for. Nothing of this comes near the threads that Swift and Dispatch keep for everybody; once there
    /// are any, one of them wakes up every second.
    public func run<Result: Sendable>(_ body: @escaping @Sendable () async -> Result) -> Result {
        precondition(!isCurrent, "a loop cannot wait for itself")
        let ended = DispatchSemaphore(value: 0)
        let result = Mutex<Result?>(nil)
        Task(executorPreference: self) {
            let value = await body()
            result.withLock { $0 = value }
            ended.signal()
        }
        ended.wait()
        return result.withLock { $0! }
    }

    /// Runs `body`, which may block, on a thread of its own.
    ///
    /// - Parameter patience: how long it is waited for, in nanoseconds. What takes longer goes on, and its result is thrown away.
    /// - Returns: nil where it took longer.
    public func blocking<Result: Sendable>(
        patience: UInt64, _ body: @escaping @Sendable () -> Result
    ) async throws(IOError) -> Result? {
        let waiter = Waiter<Result>()
        try startThread("load") { waiter.resume(returning: body()) }
        let timer = Task(executorPreference: self) {
            await self.sleep(nanoseconds: patience)
            if !Task.isCancelled { waiter.resume(returning: nil) }
        }
        defer { timer.cancel() }
        return await withUnsafeContinuation { waiter.await($0) }
    }

    /// Resumes a continuation once, with what comes first.
    private final class Waiter<Result: Sendable>: Sendable {
        private enum State {
            case nothing
            case waiting(UnsafeContinuation<Result?, Never>)
            case finished(Result?)
            case over
        }

        private let state = Mutex(State.nothing)

        func await(_ continuation: UnsafeContinuation<Result?, Never>) {
            let result = state.withLock { state -> Result?? in
                guard case .finished(let result) = state else {
                    state = .waiting(continuation)
                    return .none
                }
                state = .over
                return .some(result)
            }
            if let result { continuation.resume(returning: result) }
        }

        func resume(returning result: sending Result?) {
            let waiting = state.withLock { state -> UnsafeContinuation<Result?, Never>? in
                switch state {
                case .nothing: state = .finished(result)
                case .waiting(let continuation):
                    state = .over
                    return continuation
                case .finished, .over: break
                }
                return nil
            }
            waiting?.resume(returning: result)
        }
    }
}
