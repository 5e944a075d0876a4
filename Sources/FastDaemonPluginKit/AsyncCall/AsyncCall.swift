import CFastDaemonPlugin
import Synchronization

/// One call of a command, in the hands of an asynchronous handler.
///
/// It may be used from child tasks, several at a time. It is good until the handler returns; what is kept longer tells
/// nothing any more, and reading and writing throw ``CallError/ended``.
public final class AsyncCall: CallFacts, Sendable {
    /// Open until the call ends. The lock also keeps the host's functions to one thread at a time, as most of them ask.
    /// None that is called under it waits.
    private let raw: Mutex<UnsafeCall?>
    let waiters = EventWaiters()
    private let executor: CallExecutor

    private init(_ raw: UnsafeCall) {
        self.raw = Mutex(raw)
        executor = CallExecutor(raw)
    }

    /// Hands out the host's own handle for the time of `body`, in which no other thread uses it; nil where the call has
    /// ended. `body` must not wait, nor use this call.
    public func withUnsafeCall<Result: Sendable>(_ body: (UnsafeCall) -> Result) -> Result? {
        raw.withLock { raw in raw.map { body($0) } }
    }

    /// As `withUnsafeCall`, for what can fail.
    func attempt<Result: Sendable>(_ body: (UnsafeCall) throws(CallError) -> Result) throws(CallError) -> Result {
        let result = raw.withLock { raw -> Swift.Result<Result, CallError> in
            guard let raw else { return .failure(.ended) }
            do throws(CallError) {
                return .success(try body(raw))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Starts the task of a call, on the thread that the host calls `run` on, as far as it gets without waiting.
    static func start(_ raw: UnsafeCall, _ run: @escaping @Sendable (AsyncCall) async throws -> Void) {
        let call = AsyncCall(raw)
        call.executor.start {
            // The host waits for this callback in `finish`, up to where the task holds the call.
            let user = Unmanaged.passUnretained(call).toOpaque()
            _ = raw.host.pointee.notify(raw.call, UInt32(FASTDAEMON_EVENT_CANCELLED), cancelCall, user)
        } onRefusal: { reason in
            call.abandon(because: reason)
        } task: {
            var status = ExitStatus.success
            do {
                try await run(call)
            } catch {
                status = await call.end(with: error)
            }
            call.close()
            call.executor.end(with: status)
        }
    }

    /// Tells the caller of an error, and answers the status that the call ends with.
    private func end(with error: any Error) async -> ExitStatus {
        guard let failure = withUnsafeCall({ Failure(error, of: $0) }) else { return .failure }
        guard let line = failure.line else { return failure.status }
        do {
            try await write(line, to: .standardError)
        } catch let writing {
            log(.notice, "could not tell the caller (\(writing)): \(line.dropLast())")
        }
        return failure.status
    }

    /// The host gives it no more threads: tells the caller, as far as that needs no waiting, and parts from the host.
    private func abandon(because reason: CallError) {
        let text = reason == .closed ? "the caller's directory cannot be entered any more" : reason.description
        withUnsafeCall { raw in
            let line = Failure(CommandFailure(message: text), of: raw).line ?? ""
            raw.log(.warning) { "given up: \(text)" }
            _ = try? Array(line.utf8).withUnsafeBytes { try raw.write($0, to: .standardError, waiting: false) }
        }
        close()
    }

    fileprivate func cancel() {
        executor.cancelTask()
        waiters.resumeAll()
    }

    /// Parts from the host: whoever still has this object gets nothing from it any more.
    private func close() {
        raw.withLock { $0 = nil }
        waiters.resumeAll()
    }
}

private func cancelCall(user: UnsafeMutableRawPointer?) {
    guard let user else { return }
    Unmanaged<AsyncCall>.fromOpaque(user).takeUnretainedValue().cancel()
}
