import CFastDaemonPlugin
import Synchronization

/// Runs the jobs of one call's tasks on the host's pool, and ends the call once, after the last of them has begun.
///
/// `run_on_pool` is given this object and takes the oldest job when a thread is there: as many jobs wait here as
/// threads were asked for.
final class CallExecutor: TaskExecutor {
    private let raw: UnsafeCall
    private let state = Mutex(State())

    private struct State {
        /// Jobs for which a thread was asked, and that have not begun.
        var jobs: [UnownedJob] = []
        var phase = Phase.starting
        var task: Task<Void, Never>?
        var refusal = Refusal.none
    }

    /// Whether the host gives this call threads.
    private enum Refusal {
        case none
        /// It does not: the call is about to be ended, and these jobs wait for that.
        case isEnding([UnownedJob])
        /// It did not: what is left of the task has its end elsewhere.
        case isOver
    }

    private enum Phase {
        /// The first job is kept for the thread that starts the task.
        case starting
        case running
        /// The handler has returned; the call ends when no job waits any more.
        case ending(ExitStatus)
        /// The call is gone.
        case ended
    }

    /// Tells whoever is concerned, once, that the host has no more threads for the call, and why. The call is ended after that.
    private let onRefusal = Mutex<(@Sendable (CallError) -> Void)?>(nil)

    init(_ raw: UnsafeCall) {
        self.raw = raw
    }

    /// Starts the call's task and runs it on this thread as far as it gets. `prepare` is called in between, when the
    /// task can be cancelled and has not begun.
    func start(
        _ prepare: () -> Void, onRefusal: @escaping @Sendable (CallError) -> Void,
        task body: sending @escaping @isolated(any) () async -> Void
    ) {
        self.onRefusal.withLock { $0 = onRefusal }
        // Making the task enqueues its first job, here on this thread.
        let task = Task(executorPreference: self, operation: body)
        let first = state.withLock { state in
            state.task = task
            state.phase = .running
            return state.jobs.removeFirst()
        }
        prepare()
        first.runSynchronously(on: asUnownedTaskExecutor())
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let isOver = state.withLock { state in
            switch state.phase {
            case .starting:
                state.jobs.append(job)
                return false
            case .running, .ending: return !enqueue(job, &state)
            case .ended:
                return true
            }
        }
        // A task that somebody moved to this executor and that outlived the call: no longer the host's business.
        if isOver { globalConcurrentExecutor.enqueue(ExecutorJob(job)) }
    }

    /// Asks for a thread. Returns whether the job is taken care of.
    private func enqueue(_ job: UnownedJob, _ state: inout sending State) -> Bool {
        switch state.refusal {
        case .none: break
        case .isEnding(let jobs):
            state.refusal = .isEnding(jobs + [job])
            return true
        case .isOver: return false
        }
        let own = Unmanaged.passRetained(self)
        // Under the lock, so that the call cannot end between the question and this.
        let answer = raw.host.pointee.run_on_pool(raw.call, runNextJob, own.toOpaque())
        if answer == 0 {
            state.jobs.append(job)
            return true
        }
        own.release()
        state.refusal = .isEnding([job])
        // Elsewhere, because whoever wakes a task may hold what this takes.
        Task.detached { self.endRefused(CallError(code: Int(answer))) }
        return true
    }

    /// Ends a call that the host gives no more threads: its task is cancelled, and finds that the call is no more.
    private func endRefused(_ reason: CallError) {
        onRefusal.withLock { $0.take() }?(reason)
        cancelTask()
        end(with: .failure)
        let jobs = state.withLock { state -> [UnownedJob] in
            guard case .isEnding(let jobs) = state.refusal else { return [] }
            state.refusal = .isOver
            return jobs
        }
        for job in jobs { globalConcurrentExecutor.enqueue(ExecutorJob(job)) }
    }

    /// Runs the oldest job. On a thread of the host's pool.
    fileprivate func runNext() {
        let job = state.withLock { $0.jobs.removeFirst() }
        finishIfDone()
        job.runSynchronously(on: asUnownedTaskExecutor())
    }

    /// Ends the call, at once or when the jobs that still wait for a thread have begun. Once is enough.
    func end(with status: ExitStatus) {
        state.withLock { state in
            guard case .running = state.phase else { return }
            state.phase = .ending(status)
            state.task = nil
        }
        onRefusal.withLock { $0 = nil }
        finishIfDone()
    }

    /// Not under the lock: the host waits in `finish` for a callback, and that may be about to take it.
    private func finishIfDone() {
        let status = state.withLock { state -> ExitStatus? in
            guard case .ending(let status) = state.phase, state.jobs.isEmpty else { return nil }
            state.phase = .ended
            return status
        }
        if let status { raw.finish(status) }
    }

    func cancelTask() {
        let task = state.withLock { $0.task }
        task?.cancel()
    }
}

private func runNextJob(user: UnsafeMutableRawPointer?) {
    guard let user else { return }
    Unmanaged<CallExecutor>.fromOpaque(user).takeRetainedValue().runNext()
}
