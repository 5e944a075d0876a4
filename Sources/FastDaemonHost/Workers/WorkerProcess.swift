import CLinux
import FastDaemonSystem
import Glibc
import Synchronization

/// One worker process, from its start to its end.
public final class WorkerProcess: Sendable {
    /// Which of its pool's workers it is.
    let number: Int

    /// Its number in the system, which is its process group's, too.
    public let processID: Int32

    /// Where orders are sent and its answer comes from, and what becomes readable when it ends.
    let control, watch: Descriptor

    /// When its resident memory was last looked at, in nanoseconds of the monotonic clock.
    let lastLook = Atomic<UInt64>(0)

    private let state = Mutex(State())

    private struct State {
        var end: WorkerEnd?
        var waiters: [UnsafeContinuation<WorkerEnd, Never>] = []
    }

    /// A process that was started.
    init(number: Int, processID: Int32, control: consuming Descriptor, watch: consuming Descriptor) {
        self.number = number
        self.processID = processID
        self.control = control
        self.watch = watch
    }

    /// Starts a process that loads a library. The thread that calls this must outlive the process: when the thread ends, the
    /// kernel ends the process.
    ///
    /// - Parameters:
    ///   - image: the library, as memory that nobody can change.
    ///   - setup: the bytes of a `WorkerSetup`, likewise.
    ///   - tests: whether the plugin is to test itself once it is loaded.
    convenience init(
        number: Int, image: borrowing Descriptor, setup: borrowing Descriptor, environment: [String], tests: Bool
    ) throws(IOError) {
        var ends: (Int32, Int32) = (-1, -1)
        let paired = withUnsafeMutableBytes(of: &ends) {
            clinux_socket_pair(false, $0.assumingMemoryBound(to: Int32.self).baseAddress!)
        }
        _ = try check(paired, "create", "the control socket of a worker process")
        let control = Descriptor(owning: ends.0)
        let other = Descriptor(owning: ends.1)
        let descriptors = [-1, 2, 2, other.number, image.number, setup.number]
        let process = withCStrings(["fastdaemond", "--worker", "\(getpid())"] + (tests ? ["--self-test"] : [])) {
            arguments in
            withCStrings(environment) { environment in
                clinux_spawn("/proc/self/exe", arguments, environment, descriptors, Int32(descriptors.count))
            }
        }
        let processID = try check(process, "start", "a worker process")
        let watched = clinux_process_descriptor(processID)
        if watched < 0 {
            // Nobody would notice its end.
            _ = clinux_signal_group(processID, SIGKILL)
            clinux_forget_process(processID)
            throw IOError("watch", "a worker process", code: -watched)
        }
        self.init(number: number, processID: processID, control: control, watch: Descriptor(owning: watched))
    }

    // MARK: - Orders

    /// Sends an order without waiting, and a descriptor with it. From any thread.
    ///
    /// - Returns: 0, or a negated errno: the worker has ended, or takes nothing.
    @discardableResult
    public func send(_ order: WorkerOrder, with descriptor: Int32 = -1) -> Int32 {
        for packet in MessagePackets.split(order.bytes) {
            let result = clinux_send_message(control.number, packet, packet.count, descriptor, false)
            if result < 0 { return Int32(result) }
        }
        return 0
    }

    // MARK: - The end

    /// Sends a signal to its process group. Before its end was taken note of, so that the number is its own.
    func signal(_ number: Int32) {
        _ = clinux_signal_group(processID, number)
    }

    /// Takes note of its end, if it has ended, and ends what its handlers left behind.
    func reap() -> WorkerEnd? {
        // Its number, and so its group's, is not given to another before its end was taken note of. A process that goes on is
        // told apart by its descriptor, which is readable at the end alone.
        signal(SIGKILL)
        var (signal, status): (Int32, Int32) = (0, 0)
        guard clinux_process_end(watch.number, &signal, &status) > 0 else { return nil }
        return signal > 0 ? .killed(signal: signal) : .exited(status: status)
    }

    /// Tells those who wait for its end.
    func tell(_ end: WorkerEnd) {
        let waiters = state.withLock { state in
            state.end = end
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume(returning: end) }
    }

    /// Waits for its end.
    public func ended() async -> WorkerEnd {
        await withUnsafeContinuation { continuation in
            let end = state.withLock { state in
                if state.end == nil { state.waiters.append(continuation) }
                return state.end
            }
            if let end { continuation.resume(returning: end) }
        }
    }

    /// What it has resident, in bytes, where that was not looked at just now; 0 otherwise.
    func residentBytes(at now: UInt64) -> UInt64 {
        guard now >= lastLook.load(ordering: .relaxed) + Self.pauseBetweenLooks else { return 0 }
        lastLook.store(now, ordering: .relaxed)
        return clinux_resident_bytes(processID)
    }

    private static let pauseBetweenLooks: UInt64 = 20_000_000
}
