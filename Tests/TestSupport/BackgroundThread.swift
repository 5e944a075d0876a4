import Foundation
import Synchronization

/// A thread of a test's own.
public final class BackgroundThread: Sendable {
    private let done = DispatchSemaphore(value: 0)

    /// Starts `body`.
    public init(_ body: @escaping @Sendable () -> Void) {
        Thread.detachNewThread { [done] in
            body()
            done.signal()
        }
    }

    /// Waits for its end.
    public func join() {
        done.wait()
    }
}

/// Something that happens once, and that other threads look out for.
public final class Flag: Sendable {
    private let value = Atomic(false)

    /// Not set yet.
    public init() {}

    /// Whether it has happened.
    public var isSet: Bool { value.load(ordering: .acquiring) }

    /// Says that it has happened.
    public func set() {
        value.store(true, ordering: .releasing)
    }
}
