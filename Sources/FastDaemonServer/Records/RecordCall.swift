import CFastDaemonPlugin
import CLinux
import FastDaemonHost
import FastDaemonProtocol
import Synchronization

/// Knows who is at the other end.
protocol CallerSource: AnyObject, Sendable {
    var caller: Caller { get }
}

/// A call that came as a record: its input is all there, and its output is kept until it ended.
///
/// An inline call is *attached* while its handler runs on the loop: its input stands in the loop's own buffer, and its output
/// goes straight behind the replies before it. If the handler says "later", the call is *detached*: it gets an input and an
/// output of its own, and from then on is like a concurrent one.
///
/// Its properties are read and written several times in every call, and by one thread at a time: the run-time's check of each
/// access would cost more than the accesses.
///
/// `@unchecked Sendable`: attached, it belongs to the loop's thread, and others wait; detached, `lock` guards the output, and
/// the ABI lets one thread at a time read.
final class RecordCall: Call, @unchecked Sendable {
    private var input = UnsafeRawBufferPointer(start: nil, count: 0)
    private var ownInput: ByteBuffer?

    /// All of the input while it is lent, which was checked to be text, and whether the output is just that.
    private var wholeInput = UnsafeRawBufferPointer(start: nil, count: 0)
    private var outputIsInput = false

    /// How many bytes of input it came with.
    private(set) var inputCount = 0

    /// Where the reply goes: its count, then standard output, from `replyStart` on. An inline call's stands behind those that are not
    /// sent yet.
    private(set) var output: ByteBuffer
    private var replyStart = 0
    private let errors: ByteBuffer
    private var fault: Fault?

    private let budget: ByteBudget
    var replyLimit: Int
    private let lock = Mutex(())

    /// Whether the caller was answered, so that what is written goes nowhere. Guarded by `lock`.
    private var isOutlived = false

    /// Who called, as long as the call is attached: the exchange lives through the batch, so no reference is counted.
    private unowned(unsafe) var callerSource: (any CallerSource)?
    private var knownCaller: Caller?

    /// The thread that an attached call belongs to.
    private var loopThread: UnsafeMutableRawPointer?
    private let isDetached = Atomic(true)

    /// Why what the handler wrote is not what the caller gets.
    private enum Fault {
        case overReplyLimit
        case overBudget
        case refused(String)
        case notText(String, Int)
    }

    /// - Parameter output: the buffer of the loop that this is created on, for inline calls; nil for a call on its own.
    init(budget: ByteBudget, replyLimit: Int, output: ByteBuffer? = nil) {
        self.budget = budget
        self.replyLimit = replyLimit
        self.output = output ?? ByteBuffer(budget: budget)
        errors = ByteBuffer(budget: budget)
        super.init()
    }

    // MARK: - Attached to a loop

    /// Begins an inline call, whose reply goes behind what the loop's buffer holds. The input is lent until the handler
    /// returns.
    func attach(input: UnsafeRawBufferPointer, from source: any CallerSource) {
        self.input = input
        wholeInput = input
        outputIsInput = false
        callerSource = source
        if knownCaller != nil { knownCaller = nil }
        if fault != nil { fault = nil }
        loopThread = clinux_thread_context()
        isDetached.store(false, ordering: .relaxed)
        replyStart = output.count
        withOutput { $0.append(count: 0) }
    }

    /// Gives a call whose handler said "later" an input of its own, and the loop's buffer, in which it has begun to write.
    ///
    /// - Returns: the buffer that the loop goes on with: it holds the replies that stood before this one.
    func detach() -> ByteBuffer {
        let others = ByteBuffer(budget: budget, freeShare: output.freeShare)
        output.giveUpShare()
        others.append(UnsafeRawBufferPointer(rebasing: output.bytes[..<replyStart]), regardless: true)
        output.removeFirst(replyStart)
        replyStart = 0
        wholeInput = UnsafeRawBufferPointer(start: nil, count: 0)
        if !takeInput(input) { fault = .overBudget }
        knownCaller = caller
        callerSource = nil
        isDetached.store(true, ordering: .releasing)
        return others
    }

    // MARK: - On its own

    /// Begins a call with an input and an output of its own. Returns false where there is no memory for them.
    func begin(input: UnsafeRawBufferPointer, from source: any CallerSource) -> Bool {
        knownCaller = source.caller
        output.append(count: 0)
        return takeInput(input)
    }

    /// Makes a call like new that came and went on its own, and whose handler returned a status; what it has allocated is kept. Returns
    /// false where it is better thrown away: it holds much, or somebody holds its reply.
    func recover() -> Bool {
        let isSmall = output.isSmall && errors.isSmall && ownInput?.isSmall ?? true
        guard mayBeReset, isSmall, isKnownUniquelyReferenced(&output) else { return false }
        reset()
        output.removeAll()
        errors.removeAll()
        ownInput?.removeAll()
        input = UnsafeRawBufferPointer(start: nil, count: 0)
        outputIsInput = false
        fault = nil
        knownCaller = nil
        hasBegun.store(false, ordering: .relaxed)
        return true
    }

    private func takeInput(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let own = ownInput ?? ByteBuffer(budget: budget)
        guard own.append(bytes) else {
            // What was lent is another's soon.
            input = UnsafeRawBufferPointer(start: nil, count: 0)
            return false
        }
        ownInput = own
        input = own.bytes
        inputCount = input.count
        return true
    }

    /// Holds a thread that an inline handler gave its call to until the handler has returned on the loop. Returns whether the call is
    /// attached still, which only the loop's own thread gets to hear.
    @discardableResult @inline(__always)
    private func waitUnlessAttached() -> Bool {
        if isDetached.load(ordering: .acquiring) { return false }
        if clinux_thread_context() == loopThread { return true }
        while !isDetached.load(ordering: .acquiring) { clinux_yield() }
        return false
    }

    // MARK: - What the handler does

    override var caller: Caller {
        waitUnlessAttached()
        return knownCaller ?? callerSource?.caller ?? Caller(transport: 0)
    }

    override func read(_ piece: UnsafeMutablePointer<fastdaemon_bytes>, mayWait: Bool) -> Int32 {
        waitUnlessAttached()
        if input.isEmpty { return 0 }
        piece.pointee = fastdaemon_bytes(
            data: input.baseAddress!.assumingMemoryBound(to: CChar.self), count: input.count)
        input = UnsafeRawBufferPointer(start: nil, count: 0)
        return 1
    }

    /// Lends the output, which lives as long as the call: no reference is counted.
    @inline(__always)
    private func withOutput<Result>(_ body: (ByteBuffer) -> Result) -> Result {
        Unmanaged.passUnretained(output)._withUnsafeGuaranteedRef(body)
    }

    override func write(_ bytes: UnsafeRawBufferPointer, to stream: UInt32, mayWait: Bool) -> Int64 {
        if cancellationReason == FASTDAEMON_CANCELLED_BY_HANGUP { return Int64(FASTDAEMON_ERROR_CLOSED) }
        // An attached call belongs to this thread; no other can be in here.
        return waitUnlessAttached() ? take(bytes, stream) : takeDetached(bytes, stream)
    }

    @inline(never)
    private func takeDetached(_ bytes: UnsafeRawBufferPointer, _ stream: UInt32) -> Int64 {
        lock.withLock { _ in isOutlived ? Int64(FASTDAEMON_ERROR_CLOSED) : take(bytes, stream) }
    }

    @inline(__always)
    private func take(_ bytes: UnsafeRawBufferPointer, _ stream: UInt32) -> Int64 {
        if fault != nil { return Int64(FASTDAEMON_ERROR_LIMIT) }
        if output.count - replyStart + errors.count + bytes.count > replyLimit + 4 {
            fault = .overReplyLimit
        } else if stream == FASTDAEMON_STANDARD_OUTPUT {
            outputIsInput =
                output.count == replyStart + 4 && bytes.baseAddress == wholeInput.baseAddress
                && bytes.count == wholeInput.count
            if !withOutput({ $0.append(bytes) }) { fault = .overBudget }
        } else if !errors.append(bytes) {
            fault = .overBudget
        }
        return fault == nil ? Int64(bytes.count) : Int64(FASTDAEMON_ERROR_LIMIT)
    }

    // MARK: - The reply

    /// Makes the reply an error of the daemon's own. The handler is not run.
    func refuse(_ text: String) {
        fault = .refused(text)
    }

    /// Lets the handler go on, whose caller is answered in its place. What it wrote is dropped; its input stays.
    ///
    /// - Returns: a reply that says so.
    func outlive(_ text: String) -> ByteBuffer {
        lock.withLock { _ in
            isOutlived = true
            output.removeAll()
            errors.removeAll()
        }
        let reply = ByteBuffer(budget: budget)
        reply.append(count: 0)
        reply.appendText(explanation(of: .refused(text)))
        return reply
    }

    /// Completes the reply. What it is then, in `output` from `replyStart` on, is two strings.
    ///
    /// - Returns: how many bytes of output the handler wrote.
    func completeReply() -> Int {
        let written = output.count - replyStart - 4
        let writtenErrors = errors.count
        if fault == nil, let found = textFault { fault = found }
        if fault == nil {
            withOutput { output in
                output.overwrite(count: written, at: replyStart)
                output.append(count: writtenErrors)
            }
            if writtenErrors > 0, !output.append(errors.bytes) { fault = .overBudget }
        }
        if fault != nil { explainFault() }
        if writtenErrors > 0 { errors.removeAll() }
        return written + writtenErrors
    }

    /// Completes the reply of a call that failed: what the handler wrote before, and behind it a line that says how. Where the one is
    /// no reply, the line stands alone.
    func completeReply(afterFailure text: String) -> Int {
        let written = output.count - replyStart - 4 + errors.count
        let line = Array(explanation(of: .refused(text)).utf8)
        let isWhole = fault == nil && textFault == nil && line.withUnsafeBytes { errors.append($0) }
        if !isWhole { fault = .refused(text) }
        _ = completeReply()
        return written
    }

    /// Makes the reply say what is wrong with it.
    @inline(never)
    private func explainFault() {
        guard let fault else { return }
        output.truncate(to: replyStart)
        output.append(count: 0)
        output.appendText(explanation(of: fault))
    }

    /// What is wrong with the output as text, for a record carries nothing else.
    @inline(__always)
    private var textFault: Fault? {
        outputIsInput && errors.isEmpty ? nil : findTextFault()
    }

    private func findTextFault() -> Fault? {
        if !outputIsInput {
            let standard = UnsafeRawBufferPointer(rebasing: output.bytes[(replyStart + 4)...])
            if let offset = UTF8Validation.firstInvalidOffset(in: standard.bytes) { return .notText("output", offset) }
        }
        if errors.isEmpty { return nil }
        return UTF8Validation.firstInvalidOffset(in: errors.bytes.bytes).map { .notText("error output", $0) }
    }

    private func explanation(of fault: Fault) -> String {
        // One of the daemon's own is no plugin's.
        let name = command?.name ?? "daemon"
        return switch fault {
        case .refused(let text): "fastdaemond: \(text)\n"
        case .overReplyLimit:
            "fastdaemond: \(name): it wrote more than \(replyLimit) bytes, which is the limit on a reply "
                + "(limits.replyBytes)\n"
        case .overBudget:
            "fastdaemond: \(name): its output does not fit into the memory that the daemon has for buffers "
                + "(limits.bufferBytes); try again later\n"
        case .notText(let stream, let offset):
            "fastdaemond: \(name): its \(stream) is not UTF-8 (at byte \(offset)), and a record carries "
                + "text only\n"
        }
    }

    /// The completed reply of a call on its own.
    var reply: ByteBuffer { output }
}
