import Dispatch
import Testing

/// Runs each test of a suite on a thread of its own, where it may block: Swift's shared pool has as few threads as the
/// machine has cores.
public struct OwnThreadTrait: SuiteTrait, TestTrait, TestScoping {
    /// A suite hands it down to its tests.
    public var isRecursive: Bool { true }

    /// Runs the test on a thread of its own.
    public func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        // A suite has no case; its tests come here one by one.
        guard testCase != nil else { return try await function() }
        try await withTaskExecutorPreference(OwnThread()) { try await function() }
    }
}

extension Trait where Self == OwnThreadTrait {
    /// See `OwnThreadTrait`.
    public static var ownThread: Self { Self() }
}

/// One job at a time, on a thread that nobody else waits for.
private final class OwnThread: TaskExecutor {
    private let queue = DispatchQueue(label: "test")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
