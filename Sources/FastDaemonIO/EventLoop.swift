import CLinux
import FastDaemonSystem
import Synchronization

/// What a loop is to run, once.
public protocol LoopJob: AnyObject, Sendable {
    /// Runs it, on the loop. It must not block.
    func runOnLoop()
}

/// One thread that waits for descriptors and, between waits, runs the Swift tasks that prefer it.
///
/// A task that runs here (`group.addTask(executorPreference: loop)`) reads and writes sockets in straight lines of
/// `async` code; where it has to wait, it suspends, and is resumed by this thread without a lock or a thread hop. Such a
/// task must never block: everyone else on the loop would wait with it.
///
/// `@unchecked Sendable`: `inbox` and `shouldStop` are for every thread and guard themselves; everything else is touched
/// by the loop's own thread alone, which `assertIsCurrent` checks in debug builds.
public final class EventLoop: TaskExecutor, @unchecked Sendable {
    private let epoll: Descriptor
    private let wakeup: Descriptor

    /// Jobs that this thread gave itself.
    private var jobs: [UnownedJob] = []
    private var runningJobs: [UnownedJob] = []

    /// Jobs from other threads, and whether this thread has to be woken to see them.
    private let inbox = Mutex(Inbox())
    private var received: [Message] = []
    private let shouldStop = Atomic(false)

    /// How many connections live here: what new ones are spread by.
    let connectionCount = Atomic(0)

    /// Whose servers let the others go first.
    private var yielding: [Registration] = []
    private var takingTurns: [Registration] = []

    private var registrations = RegistrationTable()

    /// Those that left the table in this round: they live through it, so an event counts no reference to whom it is told.
    private var retired: [Registration] = []
    private var deadlines = DeadlineQueue()
    private var events: [clinux_event]

    /// What is to be done when its time has come. Loop thread only.
    var timers = TimerTable()

    /// The monotonic clock when the last wait ended, in nanoseconds: what deadlines are counted from, without a
    /// reading of the clock for each.
    public private(set) var now: UInt64

    /// Room for what is received, shared by all connections of this loop: filled and used up between two suspensions,
    /// so that an idle connection holds no buffer.
    public let scratch: UnsafeMutableRawBufferPointer

    /// Likewise, but a little for each of the connections that something came for in one round.
    private let aheadRoom: UnsafeMutableRawBufferPointer
    /// No whole pages: what came for one would have the same places in the processor's cache as what came for all others.
    private static let aheadSize = 4096 + 64

    /// How much `scratch` holds, in bytes.
    public static let scratchSize = 256 * 1024

    private enum Message {
        case job(UnownedJob)
        case loopJob(any LoopJob)
        case work(@Sendable () -> Void)
    }

    private struct Inbox {
        var messages: [Message] = []
        var isAsleep = false
    }

    /// The token of `wakeup` itself; registrations have a generation of 1 at least in the upper half of theirs.
    private static let wakeupToken: UInt64 = 0

    /// Called on the loop each time before it looks for events: for what is better done for all connections together.
    public var beforeWaiting: (() -> Void)?

    /// How many rounds of jobs may follow each other before the descriptors are looked at again.
    private static let roundsBetweenWaits = 16

    /// A loop on a thread of its own, which runs until `stop()`.
    public init(name: String = "loop") throws(IOError) {
        epoll = Descriptor(owning: try check(clinux_epoll_create(), "create", "an epoll instance"))
        wakeup = Descriptor(owning: try check(clinux_wake_create(), "create", "an event descriptor"))
        events = Array(repeating: clinux_event(), count: 256)
        now = clinux_now()
        scratch = .allocate(byteCount: Self.scratchSize, alignment: 64)
        aheadRoom = .allocate(byteCount: events.count * Self.aheadSize, alignment: 64)
        _ = try check(
            clinux_epoll_add_source(epoll.number, wakeup.number, Self.wakeupToken, false), "register",
            "an event descriptor")
        // It keeps the loop alive for as long as it runs.
        try startThread(name, as: "the thread of an event loop", run)
    }

    deinit {
        scratch.deallocate()
        aheadRoom.deallocate()
    }

    /// Whether the caller runs on this loop's thread.
    public var isCurrent: Bool {
        clinux_thread_context() == Unmanaged.passUnretained(self).toOpaque()
    }

    func assertIsCurrent() {
        assert(isCurrent, "this belongs to the loop's own thread")
    }

    /// Ends the loop's thread once it has run what it was given. Tasks that wait here are never resumed: end them first.
    public func stop() {
        shouldStop.store(true, ordering: .releasing)
        clinux_wake(wakeup.number)
    }

    // MARK: - Running jobs

    /// Runs a job on the loop's thread: what the concurrency runtime calls for each task that prefers this executor.
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if isCurrent { jobs.append(job) } else { post(.job(job)) }
    }

    /// Runs `work` on the loop's thread: at once where this is it, otherwise soon. It must not block.
    public func execute(_ work: @escaping @Sendable () -> Void) {
        if isCurrent { work() } else { post(.work(work)) }
    }

    /// Has the loop look around once more before it sleeps. Loop thread only.
    public func stayAwake() {
        post(.work {})
    }

    /// Runs `work` on the loop's thread, after what it does at this moment. It must not block.
    public func post(_ work: @escaping @Sendable () -> Void) {
        post(.work(work))
    }

    /// Runs a job on the loop's thread, after what it does at this moment. From any thread; where the loop is awake, nobody is woken.
    public func post(_ job: any LoopJob) {
        post(.loopJob(job))
    }

    private func post(_ message: Message) {
        let isAsleep = inbox.withLock { inbox in
            inbox.messages.append(message)
            defer { inbox.isAsleep = false }
            return inbox.isAsleep
        }
        // Outside the lock: the thread that wakes up takes it at once.
        if isAsleep { clinux_wake(wakeup.number) }
    }

    private func run() {
        clinux_set_thread_context(Unmanaged.passUnretained(self).toOpaque())
        clinux_mark_loop_thread()
        while !shouldStop.load(ordering: .acquiring) {
            for _ in 0..<Self.roundsBetweenWaits where !runJobs() { break }
            beforeWaiting?()
            waitForEvents()
        }
    }

    /// Runs what is there now. Returns whether there was anything.
    private func runJobs() -> Bool {
        if jobs.isEmpty { return false }
        swap(&jobs, &runningJobs)
        let executor = asUnownedTaskExecutor()
        for job in runningJobs { job.runSynchronously(on: executor) }
        runningJobs.removeAll(keepingCapacity: true)
        return true
    }

    /// Takes over what other threads sent. Where there is nothing, and the loop is about to sleep, the next sender is to
    /// wake it.
    ///
    /// - Returns: whether it may sleep. Work that was taken over leaves no job behind, and yet nobody would wake it.
    @discardableResult
    private func receiveMessages(beforeSleeping: Bool) -> Bool {
        let maySleep = inbox.withLock { inbox in
            inbox.isAsleep = beforeSleeping && inbox.messages.isEmpty
            swap(&inbox.messages, &received)
            return inbox.isAsleep
        }
        // What others send is dated by when it was taken up: the loop may have slept since it last looked at the clock.
        if !received.isEmpty { now = clinux_now() }
        for message in received {
            switch message {
            case .job(let job): jobs.append(job)
            case .loopJob(let job): job.runOnLoop()
            case .work(let work): work()
            }
        }
        received.removeAll(keepingCapacity: true)
        return maySleep
    }

    // MARK: - Waiting for events

    private func waitForEvents() {
        retired.removeAll(keepingCapacity: true)
        let maySleep = receiveMessages(beforeSleeping: jobs.isEmpty && yielding.isEmpty)
        swap(&yielding, &takingTurns)
        let count = clinux_epoll_wait(
            epoll.number, &events, Int32(events.count), maySleep ? timeToDeadline() : 0)
        precondition(count >= 0, "epoll_wait failed with errno \(-count), which only a fault of this program explains")
        now = clinux_now()
        clinux_note_round(now)
        receiveMessages(beforeSleeping: false)
        if count > 1 { receiveAhead(eventCount: Int(count)) }
        for index in 0..<Int(count) {
            let event = events[index]
            // The wake-up itself has no registration: being awake is all there is to it.
            registrations.unretained(event.token)?._withUnsafeGuaranteedRef { $0.handle(event.flags) }
        }
        for registration in takingTurns { registration.takeTurn() }
        takingTurns.removeAll(keepingCapacity: true)
        expireDeadlines()
    }

    private func receiveAhead(eventCount: Int) {
        for index in 0..<eventCount {
            let event = events[index]
            let room = UnsafeMutableRawBufferPointer(
                start: aheadRoom.baseAddress! + index * Self.aheadSize, count: Self.aheadSize)
            registrations.unretained(event.token)?._withUnsafeGuaranteedRef { $0.receiveAhead(event.flags, into: room) }
        }
    }

    /// Has a registration's server go on when the descriptors were looked at once more.
    func giveTurn(to registration: Registration) {
        yielding.append(registration)
    }

    /// Nanoseconds until the earliest deadline; negative where there is none. Nobody is woken for a timer that was cancelled.
    private func timeToDeadline() -> Int64 {
        while let first = deadlines.first, timers.isCancelled(first.token) { _ = deadlines.popExpired(at: .max) }
        guard let earliest = deadlines.earliest else { return -1 }
        let current = clinux_now()
        return earliest <= current ? 0 : Int64(clamping: earliest - current)
    }

    private func expireDeadlines() {
        while let entry = deadlines.popExpired(at: now) {
            if let body = timers.take(entry.token) {
                body()
            } else {
                registrations[entry.token]?.expire(entry.time, at: now)
            }
        }
    }

    /// Throws the entries of cancelled timers away where they may be most of the queue, so that each is looked at once at most.
    func forgetCancelledTimers() {
        guard timers.cancelled > 1024, timers.cancelled > deadlines.count / 2 else { return }
        deadlines.removeAll { timers.isCancelled($0.token) }
        timers.forgetCancelled()
    }

    // MARK: - Registrations

    /// Watches a registration's descriptor from now on. Returns 0 or the negated errno. Loop thread only.
    func register(_ registration: Registration) -> Int32 {
        assertIsCurrent()
        let token = registrations.insert(registration)
        let result =
            switch registration.kind {
            case .connection: clinux_epoll_add_connection(epoll.number, registration.number, token)
            case .source(let isShared): clinux_epoll_add_source(epoll.number, registration.number, token, isShared)
            }
        if result < 0 { registrations.remove(token) } else { registration.token = token }
        return result
    }

    /// Has a registration of a connection told when a send may take something, too. Returns 0 or the negated errno.
    func watchWriting(_ registration: Registration) -> Int32 {
        clinux_epoll_watch_writing(epoll.number, registration.number, registration.token)
    }

    /// Forgets a registration; events that were already reported for it are dropped. Loop thread only.
    func deregister(_ registration: Registration) {
        assertIsCurrent()
        if let registration = registrations.remove(registration.token) { retired.append(registration) }
        // A connection leaves the epoll set when its descriptor closes. A source may have been duplicated for other loops, and
        // then would stay.
        if case .source = registration.kind { _ = clinux_epoll_remove(epoll.number, registration.number) }
    }

    /// Has the registration looked at when `time` has come.
    func schedule(_ token: UInt64, at time: UInt64) {
        deadlines.insert(DeadlineQueue.Entry(time: time, token: token))
    }

    /// Wakes every task that waits to read a connection or a datagram on this loop, and keeps any from waiting again: a
    /// receive finds what is there and then the end. That is how a server drains. Connections that keep reading are left
    /// alone. Loop thread only.
    public func endReading() {
        assertIsCurrent()
        isEndingReads = true
        for registration in registrations.all where registration.kind == .connection && !registration.keepsReading {
            registration.interrupt()
        }
    }

    /// Whether `endReading` was called.
    public private(set) var isEndingReads = false
}
