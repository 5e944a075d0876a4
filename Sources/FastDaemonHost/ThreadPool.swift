import CLinux
import FastDaemonSystem
import Glibc
import Synchronization

/// What a thread of the pool is to run, once.
public protocol PoolJob: AnyObject, Sendable {
    /// Runs it, on that thread. It may block.
    func runOnPool()
}

/// A bounded number of threads for handlers that may block.
///
/// They are threads of its own: on Swift's shared pool, which has as many threads as there are cores, a few blocking calls
/// would stop everything else. Each has a working directory of its own, so that a relative path means the caller's.
///
/// Calls that were let in, which come as jobs, have as many threads as the limit says. What plugins hand over themselves may
/// take as many more: it is theirs how much that is, and a flood of it must not keep another plugin's calls waiting. An eighth of that
/// comes on top, for plugins of which nothing runs.
///
/// All work goes through one line. Work that comes wakes one thread, and none where one is on its way to the line already: each
/// that takes something from it, and leaves something behind that may run, wakes the next. So a flood of short work is done by the
/// threads that are awake, and work that blocks keeps nothing waiting. The thread that became idle last is the first to be
/// used again, because its memory is still in the cache.
public final class ThreadPool: Sendable {
    /// The directory that the process started in: where work runs that brings none of its own.
    let startDirectory: Descriptor

    private let state: Mutex<State>
    private let umask: UInt32
    private let start: ThreadStarter
    private let retry: ThreadRetry?

    private struct State {
        var line: WorkLine<Work, ObjectIdentifier>
        var idle: [PoolThread] = []
        var threads = 0

        /// Whether a thread was woken, or started, that has not looked into the line since.
        var isWaking = false

        /// How often in a row a thread was not to be had, and whether it will be tried again.
        var failures = 0
        var isRetrying = false

        /// Whether the kernel gives threads directories of their own, as far as is known.
        var threadsHaveDirectories = true
    }

    /// A function of a plugin's, in C.
    typealias Function = @convention(c) (UnsafeMutableRawPointer?) -> Void

    /// `@unchecked Sendable`: what a plugin hands over with its function is for whichever thread runs it.
    private enum Work: @unchecked Sendable {
        case job(any PoolJob)
        case function(
            Function, UnsafeMutableRawPointer?, directory: Int32, crashText: UInt32, plugin: ObjectIdentifier)
    }

    /// What a thread has done since it last looked into the line: nothing where it was woken, or started.
    private enum Done {
        case nothing
        case job
        case function(of: ObjectIdentifier)
    }

    /// - Parameters:
    ///   - limit: how many jobs run at once, and how many functions of plugins. Threads are started when they are first
    ///     needed, and stay.
    ///   - umask: what each piece of work finds as its umask, whatever an earlier one made of it.
    ///   - retry: has a thread that was not to be had asked for again; nil where work then waits for those that there are.
    public convenience init(limit: Int, umask: UInt32, retry: ThreadRetry? = nil) throws(IOError) {
        try self.init(limit: limit, umask: umask, retry: retry, start: startThread)
    }

    init(limit: Int, umask: UInt32, retry: ThreadRetry?, start: @escaping ThreadStarter) throws(IOError) {
        self.umask = umask
        self.retry = retry
        self.start = start
        startDirectory = Descriptor(
            owning: try check(clinux_open_directory(clinux_here, "."), "open", "the working directory"))
        state = Mutex(State(line: WorkLine(limit: max(1, limit))))
        // The first thread now: with one there, work always has somewhere to run.
        state.withLock { ($0.threads, $0.isWaking) = (1, true) }
        try startWorker()
    }

    // MARK: - Handing over work

    /// Runs jobs, each on a thread of the pool and in their order as far as threads are free. However many they are, one thread is
    /// woken for them at most; see above.
    public func submit(_ jobs: [any PoolJob]) {
        change { line in
            for job in jobs { line.append(.job(job), of: nil) }
        }
    }

    /// Runs `function(argument)` once, in a directory.
    ///
    /// - Parameters:
    ///   - crashText: what stands for the function's plugin where a crash is noted.
    ///   - plugin: whose function it is.
    func submit(
        _ function: Function, _ argument: UnsafeMutableRawPointer?, directory: Int32, crashText: UInt32 = 0,
        of plugin: AnyObject
    ) {
        let plugin = ObjectIdentifier(plugin)
        let work = Work.function(function, argument, directory: directory, crashText: crashText, plugin: plugin)
        change { $0.append(work, of: plugin) }
    }

    /// Changes what may run, and has a thread look for it.
    private func change(_ body: (inout WorkLine<Work, ObjectIdentifier>) -> Void) {
        let helper = state.withLock { state in
            body(&state.line)
            return Self.helper(&state)
        }
        call(helper)
    }

    private enum Helper {
        case idle(PoolThread)
        case new
    }

    /// Who is to look into the line; nil where nothing in it may run, or somebody is about to.
    private static func helper(_ state: inout State) -> Helper? {
        guard !state.isWaking, state.line.hasNext else { return nil }
        state.isWaking = true
        if let worker = state.idle.popLast() { return .idle(worker) }
        // Counted here, so that whoever comes at the same moment finds one fewer to start.
        state.threads += 1
        return .new
    }

    /// Outside the lock: who is woken takes it at once.
    private func call(_ helper: Helper?) {
        switch helper {
        case .idle(let worker): worker.ring()
        case .new: do { try startWorker() } catch { tryAgain(because: error) }
        case nil: break
        }
    }

    /// There is no thread to be had at this moment. Those that run come to the line when they have finished, and one that has done
    /// so in the meantime is idle; but they may all run for long.
    private func tryAgain(because error: IOError) {
        let (other, failures) = state.withLock { state -> (Helper?, Int?) in
            state.isWaking = false
            if !state.idle.isEmpty { return (Self.helper(&state), nil) }
            guard state.line.hasNext, !state.isRetrying, retry != nil else { return (nil, nil) }
            state.isRetrying = true
            defer { state.failures += 1 }
            return (nil, state.failures)
        }
        call(other)
        guard let failures else { return }
        retry?(error, failures) {
            let helper = self.state.withLock { state in
                state.isRetrying = false
                return Self.helper(&state)
            }
            self.call(helper)
        }
    }

    // MARK: - Threads

    /// Starts a thread that is counted already.
    private func startWorker() throws(IOError) {
        let worker = PoolThread()
        do {
            try start("handler", "a thread for handlers") { self.run(worker) }
        } catch {
            state.withLock { $0.threads -= 1 }
            throw error
        }
    }

    private func run(_ worker: PoolThread) {
        clinux_set_thread_context(Unmanaged.passUnretained(worker).toOpaque())
        worker.separateDirectory()
        state.withLock { state in
            state.failures = 0
            if !worker.hasOwnDirectory { state.threadsHaveDirectories = false }
        }
        // Nothing is held of what was done: a thread may sleep for long.
        var done = Done.nothing
        while let work = nextWork(of: worker, after: done) {
            switch work {
            case .job(let job):
                done = .job
                job.runOnPool()
            case .function(let function, let argument, let directory, let crashText, let plugin):
                done = .function(of: plugin)
                enter(directory, worker)
                let before = clinux_enter_plugin(crashText)
                function(argument)
                clinux_leave_plugin(before)
            }
        }
    }

    /// What a thread does next; nil where there are more threads than are needed.
    private func nextWork(of worker: PoolThread, after done: Done) -> Work? {
        var done = done
        while true {
            let (work, mayEnd, helper) = state.withLock { state -> (Work?, Bool, Helper?) in
                switch done {
                case .nothing: state.isWaking = false
                case .job: state.line.noteEnd(of: nil)
                case .function(let plugin): state.line.noteEnd(of: plugin)
                }
                if let work = state.line.next() { return (work, false, Self.helper(&state)) }
                if state.threads > state.line.mostThreads {
                    state.threads -= 1
                    return (nil, true, nil)
                }
                state.idle.append(worker)
                return (nil, false, nil)
            }
            call(helper)
            if work != nil || mayEnd { return work }
            worker.waitForRing()
            done = .nothing
        }
    }

    // MARK: - How many

    /// Changes how many jobs, and how many functions of plugins, run at once. What runs already goes on.
    public func setLimit(_ limit: Int) {
        change { $0.limit = max(1, limit) }
    }

    /// A thread may not come back from the job that it runs: another is to be had in its place.
    public func noteStuck() {
        change { $0.stuck += 1 }
    }

    /// A thread that was counted as stuck came back.
    public func noteReturn() {
        change { $0.stuck -= 1 }
    }

    /// Whether a thread of the pool can make a directory its own.
    ///
    /// - Parameter directory: a descriptor, or the negated errno that kept it from being opened.
    func canEnter(_ directory: Int32) -> Bool {
        directory >= 0 && state.withLock { $0.threadsHaveDirectories } && clinux_may_enter(directory) == 0
    }

    /// Makes a directory the calling thread's own, which is one of this pool's. Where that cannot be, it stands in the
    /// directory that the process started in.
    ///
    /// - Parameter directory: a descriptor, or the negated errno that kept it from being opened.
    /// - Returns: 0, or a negated errno: -ENOTSUP where the kernel does not give a thread a directory of its own.
    func enterDirectory(_ directory: Int32) -> Int32 {
        enter(directory, Unmanaged<PoolThread>.fromOpaque(clinux_thread_context()!).takeUnretainedValue())
    }

    @discardableResult
    private func enter(_ directory: Int32, _ worker: PoolThread) -> Int32 {
        if !worker.hasOwnDirectory {
            // It may have been for want of memory.
            worker.separateDirectory()
            state.withLock { $0.threadsHaveDirectories = worker.hasOwnDirectory }
            if !worker.hasOwnDirectory { return -ENOTSUP }
        }
        // Each time anew: a handler may have changed both.
        let result = directory < 0 ? directory : clinux_thread_enter_directory(directory, umask)
        // Nobody runs in the directory of another caller.
        if result < 0 { _ = clinux_thread_enter_directory(startDirectory.number, umask) }
        return result
    }

    /// How many threads there are, and how many of them do nothing.
    public var threadCounts: (all: Int, idle: Int) {
        state.withLock { ($0.threads, $0.idle.count) }
    }
}
