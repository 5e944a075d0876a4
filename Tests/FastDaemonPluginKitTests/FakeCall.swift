import CFastDaemonPlugin
import Foundation

/// A call as the kit sees it, with input and room for output that the test deals out. It keeps to the header to the
/// letter, and notes every breach of it: a use after the end, a second end, two threads where one is allowed.
///
/// `@unchecked Sendable`: everything is behind `condition`.
final class FakeCall: @unchecked Sendable {
    private let condition = NSCondition()
    private var input: [[UInt8]]
    private var inputHasEnded = true
    private var piece = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private var room = Int.max
    private var output: [UInt32: [UInt8]] = [:]
    private var reason: Int32 = 0
    private var signalNumber: Int32 = 0
    private var callbacks: [UInt32: Callback] = [:]
    private var runningCallbacks: [pthread_t] = []
    private var user: pthread_t?
    private var statuses: [Int32] = []
    private var breaches: [String] = []
    private var finishWaiters: [CheckedContinuation<Int32, Never>] = []
    private var blockedOn: Int?
    private var refusal: Int32?
    private var wantWaiters: [(event: UInt32, continuation: CheckedContinuation<Void, Never>)] = []

    let arguments: CStrings
    let environment: CStrings
    let directory: CStrings
    let facts = UnsafeMutablePointer<fastdaemon_facts>.allocate(capacity: 1)
    let isInline: Bool
    private let cancellationPipe = Pipe()

    struct Callback {
        let function: @convention(c) (UnsafeMutableRawPointer?) -> Void
        let user: UnsafeMutableRawPointer?
    }

    init(
        _ words: [String], input: [[UInt8]] = [], isOpen: Bool = false, room: Int = .max, isInline: Bool = false,
        environment: [String] = [], directory: String = "/tmp"
    ) {
        arguments = CStrings(words.map { Array($0.utf8) })
        self.environment = CStrings(environment.map { Array($0.utf8) })
        self.directory = CStrings([Array(directory.utf8)])
        self.input = input
        inputHasEnded = !isOpen
        self.room = room
        self.isInline = isInline
        facts.initialize(
            to: fastdaemon_facts(
                size: MemoryLayout<fastdaemon_facts>.size, id: 77, deadline: 0,
                transport: UInt32(FASTDAEMON_TRANSPORT_UNIX), user: 1000, group: 100, process: 4242,
                peer: fastdaemon_bytes(data: nil, count: 0)))
    }

    deinit {
        facts.deallocate()
        piece.deallocate()
    }

    var pointer: OpaquePointer { OpaquePointer(Unmanaged.passUnretained(self).toOpaque()) }

    static func from(_ pointer: OpaquePointer?) -> FakeCall {
        Unmanaged<FakeCall>.fromOpaque(UnsafeRawPointer(pointer!)).takeUnretainedValue()
    }

    // MARK: - What the test sees

    var standardOutput: String { condition.withLock { String(decoding: output[1] ?? [], as: UTF8.self) } }
    var outputBytes: [UInt8] { condition.withLock { output[1] ?? [] } }
    var standardError: String { condition.withLock { String(decoding: output[2] ?? [], as: UTF8.self) } }
    var faults: [String] { condition.withLock { breaches } }

    /// The status, once the call has ended.
    func status() async -> Int32 {
        await withCheckedContinuation { continuation in
            condition.withLock {
                if let status = statuses.first {
                    continuation.resume(returning: status)
                } else {
                    finishWaiters.append(continuation)
                }
            }
        }
    }

    /// Returns once the kit waits for an event; `read` or `write` that hold their thread count too.
    func waits(for event: Int) async {
        await withCheckedContinuation { continuation in
            condition.withLock {
                if callbacks[UInt32(event)] != nil || blockedOn == event {
                    continuation.resume()
                } else {
                    wantWaiters.append((UInt32(event), continuation))
                }
            }
        }
    }

    // MARK: - What the test does

    func deliver(_ bytes: [UInt8]) {
        condition.withLock { input.append(bytes) }
        changed(FASTDAEMON_EVENT_READABLE)
    }

    func endInput() {
        condition.withLock { inputHasEnded = true }
        changed(FASTDAEMON_EVENT_READABLE)
    }

    func makeRoom(_ count: Int) {
        condition.withLock { room += count }
        changed(FASTDAEMON_EVENT_WRITABLE)
    }

    func send(signal: Int32) {
        condition.withLock { signalNumber = signal }
        fire(UInt32(FASTDAEMON_EVENT_SIGNAL))
    }

    func cancel(_ reason: Int = FASTDAEMON_CANCELLED_BY_SIGNAL, signal: Int32 = 0) {
        condition.withLock {
            self.reason = Int32(reason)
            signalNumber = signal
        }
        cancellationPipe.fileHandleForWriting.write(Data([1]))
        for event in [FASTDAEMON_EVENT_CANCELLED, FASTDAEMON_EVENT_READABLE, FASTDAEMON_EVENT_WRITABLE] {
            changed(event)
        }
    }

    /// From now on the pool has no thread for it.
    func refusePool(with answer: Int) {
        condition.withLock { refusal = Int32(answer) }
    }

    private func changed(_ event: Int) {
        condition.withLock { condition.broadcast() }
        fire(UInt32(event))
    }

    // MARK: - What the kit calls

    /// What `run_on_pool` answers without running anything. Asked for where `condition` is held.
    var poolRefusal: Int32? { refusal }

    func read(_ piece: UnsafeMutablePointer<fastdaemon_bytes>, _ flags: UInt32) -> Int32 {
        exclusively("read") {
            while input.isEmpty && !inputHasEnded {
                if reason != 0 { return Int32(FASTDAEMON_ERROR_CANCELLED) }
                if isInline || flags == FASTDAEMON_DO_NOT_WAIT { return Int32(FASTDAEMON_ERROR_AGAIN) }
                wait(for: FASTDAEMON_EVENT_READABLE)
            }
            if input.isEmpty { return 0 }
            // The old piece is gone, so that a test under the address sanitizer sees who still reads it.
            self.piece.deallocate()
            self.piece = .allocate(byteCount: input[0].count, alignment: 1)
            self.piece.copyBytes(from: input.removeFirst())
            piece.pointee = fastdaemon_bytes(
                data: UnsafePointer(self.piece.baseAddress!.assumingMemoryBound(to: CChar.self)),
                count: self.piece.count)
            return 1
        }
    }

    func write(_ stream: UInt32, _ bytes: UnsafeRawBufferPointer, _ flags: UInt32) -> Int64 {
        exclusively("write") {
            if reason == FASTDAEMON_CANCELLED_BY_HANGUP { return Int64(FASTDAEMON_ERROR_CLOSED) }
            var taken = 0
            while true {
                let part = min(room, bytes.count - taken)
                output[stream, default: []].append(contentsOf: bytes[taken..<taken + part])
                taken += part
                if room != .max { room -= part }
                if taken == bytes.count { return Int64(taken) }
                if reason != 0 { return taken > 0 ? Int64(taken) : Int64(FASTDAEMON_ERROR_CANCELLED) }
                if isInline || flags == FASTDAEMON_DO_NOT_WAIT {
                    return taken > 0 ? Int64(taken) : Int64(FASTDAEMON_ERROR_AGAIN)
                }
                wait(for: FASTDAEMON_EVENT_WRITABLE)
            }
        }
    }

    func notify(_ event: UInt32, _ callback: Callback?) -> Int32 {
        let hasCome = exclusively("notify") {
            callbacks[event] = callback
            for waiter in wantWaiters where waiter.event == event { waiter.continuation.resume() }
            wantWaiters.removeAll { $0.event == event }
            switch Int(event) {
            case FASTDAEMON_EVENT_READABLE: return !input.isEmpty || inputHasEnded || reason != 0
            case FASTDAEMON_EVENT_WRITABLE: return room > 0 || reason != 0
            case FASTDAEMON_EVENT_CANCELLED: return reason != 0
            default: return false
            }
        }
        if hasCome { fire(event) }
        return 0
    }

    func finish(_ status: Int32) {
        condition.withLock {
            callbacks = [:]
            while runningCallbacks.contains(where: { $0 != pthread_self() }) { condition.wait() }
            statuses.append(status)
            if statuses.count > 1 { breaches.append("finished twice") }
            for waiter in finishWaiters { waiter.resume(returning: status) }
            finishWaiters = []
        }
    }

    var cancellationReason: Int32 { used("cancelled") { reason } }
    var lastSignal: Int32 { exclusively("last_signal") { signalNumber } }
    var cancellationDescriptor: Int32 {
        exclusively("cancellation_descriptor") { cancellationPipe.fileHandleForReading.fileDescriptor }
    }

    /// Notes where the call has ended. For what any number of threads may ask at once.
    func used<Result>(_ function: String, _ body: () -> Result) -> Result {
        condition.withLock {
            if !statuses.isEmpty { breaches.append("\(function) after the end") }
            return body()
        }
    }

    /// Notes where the call has ended, or another thread uses it.
    func exclusively<Result>(_ function: String, _ body: () -> Result) -> Result {
        used(function) {
            if let user, user != pthread_self() { breaches.append("\(function) while another thread uses the call") }
            user = pthread_self()
            defer { user = nil }
            return body()
        }
    }

    private func wait(for event: Int) {
        for waiter in wantWaiters where waiter.event == event { waiter.continuation.resume() }
        wantWaiters.removeAll { $0.event == event }
        blockedOn = event
        condition.wait()
        blockedOn = nil
    }

    private func fire(_ event: UInt32) {
        let thread = pthread_self()
        let callback = condition.withLock {
            let callback = callbacks.removeValue(forKey: event)
            if callback != nil { runningCallbacks.append(thread) }
            return callback
        }
        guard let callback else { return }
        callback.function(callback.user)
        condition.withLock {
            runningCallbacks.remove(at: runningCallbacks.lastIndex(of: thread)!)
            condition.broadcast()
        }
    }
}
