import CLinux

/// Starts a detached thread.
///
/// - Parameters:
///   - name: What it is called, for `ps` and debuggers: 15 bytes at most.
///   - subject: What it is in the words of an error, as in "the thread of an event loop".
///   - body: Runs once on the thread, which ends with it.
/// - Throws: why there is no thread to be had. `body` is not run then, nor kept.
public func startThread(
    _ name: String, as subject: String = "a thread", _ body: @escaping @Sendable () -> Void
) throws(IOError) {
    let start = Unmanaged.passRetained(ThreadStart(name, body))
    let result = clinux_thread_start(
        { argument in
            let start = Unmanaged<ThreadStart>.fromOpaque(argument!).takeRetainedValue()
            clinux_thread_set_name(start.name)
            clinux_mark_daemon_thread()
            start.body()
            return nil
        }, start.toOpaque())
    if result < 0 { start.release() }
    _ = try check(result, "start", subject)
}

/// Starts a thread, as `startThread` does: so that a test can say that there is none.
public typealias ThreadStarter =
    @Sendable (_ name: String, _ subject: String, _ body: @escaping @Sendable () -> Void) throws(IOError) -> Void

/// Calls `again`, on a thread that there is, some time after a thread was not to be had.
///
/// - Parameters:
///   - error: Why there was none.
///   - failures: How often in a row there had been none before.
public typealias ThreadRetry =
    @Sendable (_ error: IOError, _ failures: Int, _ again: @escaping @Sendable () -> Void) -> Void

/// What a new thread is handed.
private final class ThreadStart: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(_ name: String, _ body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }
}
