import CLinux
import FastDaemonSystem

/// A descriptor of a process, whoever started that: it tells of its end (pidfd_open(2)).
///
/// `@unchecked Sendable`: all that changes is touched on the loop's thread alone.
public final class ProcessWatch: @unchecked Sendable {
    private let registration: Registration

    /// Watches a process by its descriptor.
    public init(owning descriptor: consuming Descriptor, on loop: EventLoop) {
        registration = Registration(descriptor, as: .source(isShared: false), on: loop)
    }

    deinit {
        let registration = registration
        registration.loop.execute { registration.close() }
    }

    /// The descriptor's number.
    public var number: Int32 { registration.number }

    /// Waits until the process has ended; once. Returns false where the task was cancelled before, or the wait is not possible. Loop
    /// thread only.
    public func waitForEnd() async -> Bool {
        registration.loop.assertIsCurrent()
        // Nothing but an event tells.
        registration.clearReadable()
        let wakeup = await withTaskCancellationHandler {
            await registration.waitUntilReadable(deadline: 0)
        } onCancel: {
            let registration = registration
            registration.loop.execute { registration.interrupt() }
        }
        guard case .ready = wakeup else { return false }
        return true
    }
}
