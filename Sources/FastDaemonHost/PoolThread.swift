import CLinux
import Dispatch

/// One thread of a pool, which sleeps until it is rung for.
///
/// `@unchecked Sendable`: but for the bell, touched on the thread alone.
final class PoolThread: @unchecked Sendable {
    private let bell = DispatchSemaphore(value: 0)

    /// Whether it has a working directory of its own.
    private(set) var hasOwnDirectory = false

    /// Ends its sleep, once. From any thread.
    func ring() {
        bell.signal()
    }

    /// Sleeps until it is rung for. On the thread.
    func waitForRing() {
        bell.wait()
    }

    /// Gives the thread a working directory of its own, if the kernel does that. On the thread.
    func separateDirectory() {
        hasOwnDirectory = clinux_thread_own_directory() == 0
    }
}
