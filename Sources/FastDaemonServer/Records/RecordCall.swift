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
/// `@unchecked Sendable`: attached, it belongs to the loop's thread, and others wait; detached, `lock` guards the output, and
/// the ABI lets one thread at a time read.
final class RecordCall: Call, @unchecked Sendable {
    private var input = UnsafeRawBufferPointer(start: nil, count: 0)
    private var ownInput: ByteBuffer?

    /// Where the reply goes: its count, then standard output, from `replyStart` on.
    private var output: ByteBuffer
    private var replyStart = 0
    private let errors: ByteBuffer
    private var fault: Fault?

    private let budget: ByteBudget
    private let replyLimit: Int
    private let lock = Mutex(())

    /// Who called, as long as the call is attached: the exchange lives through the batch, so no reference is counted.
    private unowned(unsafe) var callerSource: (any CallerSource)?
    private var knownCaller: Caller?

    /// Whether its turn has come; before that it waits.
    let hasBegun = Atomic(false)

    /// The thread that an attached call belongs to.
    private var loopThread: UnsafeMutableRawPointer?
    private let isDetached = Atomic(true)

    /// Why what the handler wrote is not what the caller gets.
    private enum Fault {
        case overReplyLimit
        case overBudget
        case refused(String)
    }

    init(command: PluginCommand, budget: ByteBudget, replyLimit: Int) {
        self.budget = budget
        self.replyLimit = replyLimit
        output = ByteBuffer(budget: budget)
        errors = ByteBuffer(budget: budget)
        super.init(command: command)
    }

    // MARK: - Attached to a loop

    /// Begins an inline call, whose reply goes behind what `output` holds. The input is lent until the handler returns.
    func attach(input: UnsafeRawBufferPointer, output: ByteBuffer, from source: any CallerSource) {
        self.input = input
        self.output = output
        callerSource = source
        knownCaller = nil
        fault = nil
        loopThread = clinux_thread_context()
        isDetached.store(false, ordering: .relaxed)
        replyStart = output.count
        output.append(count: 0)
    }

    /// Gives a call whose handler said "later" an input and an output of its own, and takes what it wrote so far out of the
    /// loop's buffer.
    func detach() {
        takeInput(input)
        let own = ByteBuffer(budget: budget)
        own.append(UnsafeRawBufferPointer(rebasing: output.bytes[replyStart...]))
        output.truncate(to: replyStart)
        output = own
        replyStart = 0
        knownCaller = caller
        callerSource = nil
        isDetached.store(true, ordering: .releasing)
    }

    // MARK: - On its own

    /// Begins a call with an input and an output of its own. Returns false where there is no memory for them.
    func begin(input: UnsafeRawBufferPointer, from source: any CallerSource) -> Bool {
        knownCaller = source.caller
        guard takeInput(input) else { return false }
        return output.append(count: 0)
    }

    @discardableResult
    private func takeInput(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let own = ByteBuffer(budget: budget)
        guard own.append(bytes) else { return false }
        ownInput = own
        input = own.bytes
        return true
    }

    /// Holds a thread to which an inline handler gave its call until the handler has returned on the loop.
    private func waitUntilDetached() {
        if isDetached.load(ordering: .acquiring) || clinux_thread_context() == loopThread { return }
        while !isDetached.load(ordering: .acquiring) { clinux_yield() }
    }

    // MARK: - What the handler does

    override var caller: Caller {
        knownCaller ?? callerSource?.caller ?? Caller(transport: 0)
    }

    override func read(_ piece: UnsafeMutablePointer<fastdaemon_bytes>, mayWait: Bool) -> Int32 {
        waitUntilDetached()
        if input.isEmpty { return 0 }
        piece.pointee = fastdaemon_bytes(
            data: input.baseAddress!.assumingMemoryBound(to: CChar.self), count: input.count)
        input = UnsafeRawBufferPointer(start: nil, count: 0)
        return 1
    }

    override func write(_ bytes: UnsafeRawBufferPointer, to stream: UInt32, mayWait: Bool) -> Int64 {
        if cancellationReason == FASTDAEMON_CANCELLED_BY_HANGUP { return Int64(FASTDAEMON_ERROR_CLOSED) }
        waitUntilDetached()
        // An attached call belongs to this thread; no other can be in here.
        if !isDetached.load(ordering: .relaxed) { return take(bytes, stream) }
        return lock.withLock { _ in take(bytes, stream) }
    }

    private func take(_ bytes: UnsafeRawBufferPointer, _ stream: UInt32) -> Int64 {
        if fault != nil { return Int64(FASTDAEMON_ERROR_LIMIT) }
        if output.count - replyStart + errors.count + bytes.count > replyLimit + 4 {
            fault = .overReplyLimit
        } else if !(stream == FASTDAEMON_STANDARD_OUTPUT ? output : errors).append(bytes) {
            fault = .overBudget
        }
        return fault == nil ? Int64(bytes.count) : Int64(FASTDAEMON_ERROR_LIMIT)
    }

    // MARK: - The reply

    /// Makes the reply an error of the daemon's own. The handler is not run.
    func refuse(_ text: String) {
        fault = .refused(text)
    }

    /// Completes the reply. What it is then, in `output` from `replyStart` on, is two strings.
    ///
    /// - Returns: how many bytes of output the handler wrote.
    func completeReply() -> Int {
        let written = output.count - replyStart - 4 + errors.count
        if let fault = faultText {
            output.truncate(to: replyStart)
            errors.removeAll()
            output.append(count: 0)
            output.append(count: fault.utf8.count)
            output.append(fault)
            return written
        }
        output.overwrite(count: output.count - replyStart - 4, at: replyStart)
        output.append(count: errors.count)
        output.append(errors.bytes)
        errors.removeAll()
        return written
    }

    /// Why what the handler wrote cannot be sent, if it cannot.
    private var faultText: String? {
        switch fault {
        case .refused(let text): return "fastdaemond: \(text)\n"
        case .overReplyLimit:
            return
                "fastdaemond: \(command.name): it wrote more than \(replyLimit) bytes, which is the limit on a reply "
                + "(limits.replyBytes)\n"
        case .overBudget:
            return
                "fastdaemond: \(command.name): its output does not fit into the memory that the daemon has for buffers "
                + "(limits.bufferBytes); try again later\n"
        case nil: break
        }
        for (name, bytes) in [("output", output.bytes[(replyStart + 4)...]), ("error output", errors.bytes[...])] {
            if let offset = UTF8Validation.firstInvalidOffset(in: UnsafeRawBufferPointer(rebasing: bytes).bytes) {
                return
                    "fastdaemond: \(command.name): its \(name) is not UTF-8 (at byte \(offset)), and a record carries "
                    + "text only\n"
            }
        }
        return nil
    }

    /// The completed reply of a call on its own.
    var reply: ByteBuffer { output }
}
