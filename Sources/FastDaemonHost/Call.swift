import CFastDaemonPlugin
import CLinux
import FastDaemonProtocol
import Glibc
import Synchronization

/// One call of a command, as the host keeps it and as the plugin knows it by its pointer.
///
/// The class has what every call has: arguments, facts, cancellation, the end. Where input comes from and output goes to is
/// said by its subclasses: a record's two strings, or a session's streams.
///
/// `@unchecked Sendable`: `state` and `cancellation` guard themselves. The rest is set before the plugin sees the call, and from
/// then on used by the ABI's rules: by one thread at a time.
open class Call: @unchecked Sendable {
    /// The command that is called.
    public private(set) final var command: PluginCommand!

    /// Its number in the log.
    public internal(set) var id: UInt64 = 0

    private var argumentBytes = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private var arguments = UnsafeMutableBufferPointer<fastdaemon_bytes>(start: nil, count: 0)
    private var argumentCount = 0

    private var factsStorage: UnsafeMutablePointer<fastdaemon_facts>?
    private var peerText: [UInt8] = []

    /// Whether the plugin left something in `state`.
    final var isTouched = false

    @usableFromInline
    let cancellation = Atomic<Int32>(Int32(FASTDAEMON_NOT_CANCELLED))
    private let lastSignal = Atomic<Int32>(0)

    /// When the daemon answers the caller in the handler's place, in nanoseconds of the monotonic clock; 0 for never.
    public final var limitDeadline: UInt64 = 0

    /// When nobody waits for the call any more: the earlier of the caller's own deadline and the daemon's.
    public final var deadline: UInt64 {
        let callers = callerDeadline
        return limitDeadline == 0 || callers == 0 ? max(limitDeadline, callers) : min(limitDeadline, callers)
    }

    /// Whether its turn has come; before that it waits.
    public let hasBegun = Atomic(false)

    let state = Mutex(CallState())

    /// A call that nothing is known of yet; see `prepare`.
    public init() {}

    deinit {
        argumentBytes.deallocate()
        arguments.deallocate()
        factsStorage?.deallocate()
        state.withLock { if $0.cancellationDescriptor >= 0 { clinux_close($0.cancellationDescriptor) } }
    }

    /// Makes this the call `id` of `command`, with the words of a command line as its arguments. An object whose call ended
    /// can be used for another; nothing is allocated where the words fit.
    public final func prepare(_ command: PluginCommand, id: UInt64, words: inout Words) {
        takeArguments(&words)
        prepare(command, id: id)
    }

    /// Makes this the call `id` of `command`, with arguments each of which has a zero byte after it.
    ///
    /// - Parameter arguments: They are not copied, and have to live as long as the call.
    public final func prepare(_ command: PluginCommand, id: UInt64, arguments: UnsafeRawBufferPointer) {
        prepare(command, id: id)
        self.arguments.deallocate()
        self.arguments = zeroTerminatedStrings(in: arguments)
        argumentCount = self.arguments.count
    }

    /// Makes this the call `id` of one of the daemon's own commands: no handler is run in it.
    public final func prepare(id: UInt64) {
        self.id = id
    }

    /// Makes this the call `id` of `command`, with the arguments that it took.
    public final func prepare(_ command: PluginCommand, id: UInt64) {
        if self.command !== command { self.command = command }
        self.id = id
        limitDeadline = 0
        if let factsStorage {
            factsStorage.deallocate()
            self.factsStorage = nil
        }
    }

    /// How long a line may be that is split without `Words`.
    private static let mostPlainBytes = 1024

    /// Takes the words of a line as arguments, if nothing in it is quoted and it is not long; see `Words.splitPlain`. A plugin may
    /// look at them for as long as the call goes on that is prepared then.
    ///
    /// - Returns: the first word; nil where `takeArguments(_:)` has to follow, or there is no word.
    public final func takeArguments(ofPlain line: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        guard line.count < Self.mostPlainBytes else { return nil }
        // Most words are there where each has one byte.
        reserveArguments(count: line.count / 2 + 1, byteCount: line.count + 1)
        let (list, bytes) = (arguments.baseAddress!, argumentBytes)
        let base = bytes.baseAddress!.assumingMemoryBound(to: CChar.self)
        var count = 0
        let isPlain = Words.splitPlain(line.bytes, into: bytes) { word in
            list.advanced(by: count).initialize(
                to: fastdaemon_bytes(data: base + word.lowerBound, count: word.count))
            count += 1
        }
        guard isPlain, count > 0 else { return nil }
        argumentCount = count
        return UnsafeRawBufferPointer(start: list.pointee.data, count: list.pointee.count)
    }

    /// Copies the words, which a plugin may look at for as long as the call goes on. (They come `inout` so that no reference
    /// to their arrays is counted.)
    public final func takeArguments(_ words: inout Words) {
        let count = words.count
        words.withUnsafeBytes { bytes in
            reserveArguments(count: count, byteCount: bytes.count)
            argumentBytes.copyMemory(from: bytes)
        }
        let base = argumentBytes.baseAddress!.assumingMemoryBound(to: CChar.self)
        for index in 0..<count {
            let range = words[index]
            arguments.initializeElement(
                at: index, to: fastdaemon_bytes(data: base + range.lowerBound, count: range.count))
        }
        argumentCount = count
    }

    @inline(__always)
    private func reserveArguments(count: Int, byteCount: Int) {
        if count > arguments.count {
            arguments.deallocate()
            arguments = .allocate(capacity: max(8, count))
        }
        if byteCount > argumentBytes.count {
            argumentBytes.deallocate()
            argumentBytes = .allocate(byteCount: max(256, byteCount), alignment: 1)
        }
    }

    /// Forgets what the plugin left in a call that ended with a status, so that it can be prepared for another.
    public final func reset() {
        if isTouched { forgetState() }
    }

    /// Whether it holds so little, and so certainly nobody has business with it any more, that another call may be made of it.
    public final var mayBeReset: Bool {
        cancellationReason == FASTDAEMON_NOT_CANCELLED && argumentBytes.count + arguments.count <= 1024
    }

    @inline(never)
    private func forgetState() {
        isTouched = false
        state.withLock { state in
            if state.cancellationDescriptor >= 0 { clinux_close(state.cancellationDescriptor) }
            state = CallState()
        }
    }

    // MARK: - What a kind of call says

    /// Where the caller is, and who.
    open var caller: Caller { Caller(transport: 0) }

    /// Hands out the next piece of input: 1, 0 at the end, or a `FASTDAEMON_ERROR_...`.
    open func read(_ piece: UnsafeMutablePointer<fastdaemon_bytes>, mayWait: Bool) -> Int32 { 0 }

    /// Takes output: how many bytes were taken, or a `FASTDAEMON_ERROR_...`.
    open func write(_ bytes: UnsafeRawBufferPointer, to stream: UInt32, mayWait: Bool) -> Int64 {
        Int64(FASTDAEMON_ERROR_CLOSED)
    }

    /// Whether an event has come already: whether a read, or a write, would not have to wait.
    open func isReady(_ event: Int) -> Bool { true }

    /// The caller's environment.
    open var environment: UnsafeBufferPointer<fastdaemon_bytes> { UnsafeBufferPointer(start: nil, count: 0) }

    /// The path of the caller's working directory.
    open var workingDirectory: fastdaemon_bytes { fastdaemon_bytes(data: nil, count: 0) }

    /// A descriptor of that directory; the daemon's own where the protocol carries none. A negated errno where it cannot be
    /// opened.
    open var directoryDescriptor: Int32 { command.plugin.services.pool.startDirectory.number }

    /// When the caller stops waiting, in nanoseconds of the monotonic clock; 0 where it waits for ever.
    open var callerDeadline: UInt64 { 0 }

    /// The call was cancelled: what waits in it has to look again. From any thread.
    open func noteCancellation() {}

    /// What one of the caller's streams is.
    open func fill(_ terminal: inout fastdaemon_terminal, of stream: UInt32) {}

    // MARK: - Running

    /// How `run` ended: with a status, or not yet.
    public enum Outcome: Equatable, Sendable {
        case status(Int32)
        case later

        /// It was not run: the caller's directory cannot be entered, for the reason that this errno says.
        case noDirectory(Int32)
    }

    /// Calls the handler on this thread: a loop's, for inline commands.
    public final func runInline() -> Outcome {
        let result = callHandler()
        // Of a call whose handler said "later" nothing is looked at here: another thread may end it at this moment.
        if let status = UInt8(exactly: result), !isTouched { return .status(Int32(status)) }
        return outcome(of: result)
    }

    /// Calls the handler on this thread of the pool, in the caller's directory.
    public final func runOnPool() -> Outcome {
        let entered = command.plugin.services.pool.enterDirectory(directoryDescriptor)
        if entered < 0, workingDirectory.count > 0 { return .noDirectory(-entered) }
        return outcome(of: callHandler())
    }

    /// Calls the handler; if the process ends in it, that is known afterwards.
    private func callHandler() -> Int32 {
        // Read before, so that nobody counts a reference to the command through the handler's time; the call holds it.
        let (run, table, context) = (command.run, command.table, command.context)
        let before = clinux_enter_plugin(command.crashText)
        defer { clinux_leave_plugin(before) }
        return run(table, pointer, context)
    }

    private func outcome(of result: Int32) -> Outcome {
        if result == Int32.min { return state.withLock { $0.returnedLater() } }
        // The call ends here: nothing of the plugin's is called back any more, and what runs is waited for.
        if isTouched { endCallbacks() }
        if result >= 0 && result <= 255 { return .status(result) }
        command.plugin.services.log.write(
            .error, "\(command.name) returned \(result), which is no exit status; it counts as 255",
            plugin: command.plugin.name,
            call: id)
        return .status(255)
    }

    /// Waits for a call whose handler said "later".
    public final func finished() async -> Int32 {
        await withUnsafeContinuation { continuation in
            let status = state.withLock { $0.await(continuation) }
            if let status { continuation.resume(returning: status) }
        }
    }

    /// `finish` of the ABI.
    final func finish(_ status: Int32) {
        isTouched = true
        endCallbacks()
        let counted = status >= 0 && status <= 255 ? status : 255
        state.withLock { $0.finish(counted) }?.resume(returning: counted)
    }

    /// The pointer that the plugin knows this by. Valid as long as the object.
    private var pointer: OpaquePointer { OpaquePointer(Unmanaged.passUnretained(self).toOpaque()) }

    // MARK: - Cancelling

    /// Tells the call that it is no longer wanted. The first reason stays.
    public final func cancel(_ reason: CancellationReason) {
        let isFirst = cancellation.compareExchange(
            expected: Int32(FASTDAEMON_NOT_CANCELLED), desired: reason.rawValue, ordering: .acquiringAndReleasing
        ).exchanged
        guard isFirst else { return }
        noteCancellation()
        let descriptor = state.withLock { $0.cancellationDescriptor }
        if descriptor >= 0 { clinux_wake(descriptor) }
        fire(FASTDAEMON_EVENT_CANCELLED)
    }

    /// Why the call was cancelled, as the ABI numbers it; 0 where it was not.
    @inlinable
    public final var cancellationReason: Int32 { cancellation.load(ordering: .acquiring) }

    /// `cancellation_descriptor` of the ABI.
    final func openCancellationDescriptor() -> Int32 {
        isTouched = true
        let descriptor = state.withLock { state in
            if state.cancellationDescriptor < 0 { state.cancellationDescriptor = clinux_wake_create() }
            return state.cancellationDescriptor
        }
        if descriptor >= 0, cancellationReason != FASTDAEMON_NOT_CANCELLED { clinux_wake(descriptor) }
        return descriptor
    }

    /// Takes note of a signal of the caller's: one that cancels, or one that the handler is told of.
    public final func signal(_ number: Int32, cancels: Bool) {
        lastSignal.store(number, ordering: .relaxed)
        if cancels { return cancel(.signal) }
        let thread = clinux_thread_id()
        if let callback = state.withLock({ $0.beginSignalCallback(on: thread) }) { run(callback, on: thread) }
    }

    /// `last_signal` of the ABI.
    public final var lastSignalNumber: Int32 { lastSignal.load(ordering: .relaxed) }

    // MARK: - Facts

    /// The words of the command line, the command's name first. Valid as long as the call.
    public final func argumentList() -> UnsafeBufferPointer<fastdaemon_bytes> {
        UnsafeBufferPointer(rebasing: arguments[..<argumentCount])
    }

    final func facts() -> UnsafePointer<fastdaemon_facts> {
        if let factsStorage { return UnsafePointer(factsStorage) }
        let caller = caller
        peerText = Array(caller.description.utf8)
        let storage = UnsafeMutablePointer<fastdaemon_facts>.allocate(capacity: 1)
        let peer = peerText.withUnsafeBytes { bytes in
            // The array is kept as it is until the call ends, and its storage with it.
            fastdaemon_bytes(data: bytes.baseAddress?.assumingMemoryBound(to: CChar.self), count: bytes.count)
        }
        storage.initialize(
            to: fastdaemon_facts(
                size: MemoryLayout<fastdaemon_facts>.size, id: id, deadline: deadline, transport: caller.transport,
                user: caller.user, group: caller.group, process: caller.process, peer: peer))
        factsStorage = storage
        return UnsafePointer(storage)
    }
}

/// The strings of a block, each with a zero byte after it that is not counted. They point into the block.
public func zeroTerminatedStrings(in block: UnsafeRawBufferPointer) -> UnsafeMutableBufferPointer<fastdaemon_bytes> {
    let count = block.reduce(0) { $1 == 0 ? $0 + 1 : $0 }
    let strings = UnsafeMutableBufferPointer<fastdaemon_bytes>.allocate(capacity: count)
    var start = 0
    for index in 0..<count {
        let data = block.baseAddress! + start
        let length = strlen(data.assumingMemoryBound(to: CChar.self))
        strings.initializeElement(
            at: index, to: fastdaemon_bytes(data: data.assumingMemoryBound(to: CChar.self), count: length))
        start += length + 1
    }
    return strings
}
