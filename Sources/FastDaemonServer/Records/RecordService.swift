import CLinux
import FastDaemonHost
import FastDaemonIO
import FastDaemonProtocol
import Synchronization

/// Serves the connections of one loop: finds the records in what they send, runs the commands, and sends the replies in order.
///
/// `@unchecked Sendable`: touched on its loop's thread alone.
final class RecordService: @unchecked Sendable {
    let core: ServerCore
    let loop: EventLoop

    /// The loop's place in the statistics of each command.
    let index: Int

    /// The call of inline commands, used again for each. In its output the replies of the batch at hand are gathered, to be sent
    /// together. After a handler said "later", it is no longer the loop's, and another takes its place.
    var inlineCall: RecordCall

    /// The call of an inline command whose handler just said "later", until its connection takes it.
    var startedInline: StartedCall?

    // Used in every call, by this thread alone.
    var words = Words()
    var lastID: UInt64

    /// How many inline calls are not timed before one is.
    var untimedCalls = 0

    /// Whose replies stand where in the loop's output. They are sent when all connections that had something to say were
    /// heard: a peer that is woken by the first finds the others' there, too, and need not be woken for each.
    private var unsent: [Unsent] = []

    /// No reference is counted: an exchange that waits is held by its connection, one that waits for nothing by its task, and both
    /// end only after what stands here was sent.
    private struct Unsent {
        let exchange: Unmanaged<Exchange>
        var end: Int
    }

    /// Whose calls were completed in this round; their replies are sent together with the others.
    var completed: [Exchange] = []

    /// Those whose replies are being sent: what is sent may complete others.
    var gathered: [Exchange] = []

    /// What the pool is to run, until the end of the round.
    var handedOver: [any PoolJob] = []

    /// What it is being given.
    var handingOver: [any PoolJob] = []

    /// Calls that have ended: those that somebody may hold still, and those that are like new.
    var spentCalls: [RecordCall] = []
    var freeCalls: [RecordCall] = []

    /// The calls whose wait for their turn was over in this round, and whether they may run.
    var turns: [(RunningCall, mayRun: Bool)] = []

    /// The sessions that go on, and those of them whose calls wrote something on this loop in this round.
    var sessions: [ObjectIdentifier: Session] = [:]
    var unflushed: [Session] = []

    /// The connections that have not ended, and whether more may come.
    var connectionCount = 0
    var takesConnections = true

    /// Those of them that something has to be waited for, each time until a task takes it up.
    let waiting: AsyncStream<Exchange>
    let waitingEnd: AsyncStream<Exchange>.Continuation

    /// How many calls are under way that came as datagrams.
    var datagramCalls = 0

    /// How much output one connection's batch may have before the rest of it waits.
    private static let batchSize = 256 * 1024

    /// How much is gathered for all connections before it is sent. To wake a peer costs little beside so much, and while it is in the
    /// processor's caches, it is sent for less.
    static let mostGathered = 64 * 1024

    /// How long a reply may be to be copied behind others, in bytes; a longer one is sent alone.
    static let mostCopied = 4096

    /// How much room for output each loop keeps for itself: that of a batch, whose last reply may go beyond its size.
    private static let keptOutput = 2 * batchSize

    init(_ core: ServerCore, loop: EventLoop, index: Int) {
        self.core = core
        self.loop = loop
        self.index = index
        inlineCall = RecordCall(
            budget: core.budget, replyLimit: core.limits.replyBytes,
            output: ByteBuffer(budget: core.budget, freeShare: Self.keptOutput))
        (waiting, waitingEnd) = AsyncStream.makeStream()
        // The loops share the numbers of calls out among them.
        lastID = UInt64(index)
    }

    /// Takes up its work on the loop.
    func begin() {
        loop.execute {
            self.loop.beforeWaiting = {
                self.handOverCalls()
                self.gatherCompleted()
                self.sendReplies()
                self.flushSessions()
                self.untimedCalls = 0
                if !self.spentCalls.isEmpty { self.recoverSpentCalls() }
                if !(self.turns.isEmpty && self.handedOver.isEmpty && self.completed.isEmpty) { self.loop.stayAwake() }
            }
        }
    }

    // MARK: - A batch

    /// Runs, or starts, what is complete of `input`.
    func process(_ input: UnsafeRawBufferPointer, of exchange: Exchange) throws(ExchangeError) {
        let dialect = exchange.dialect
        var offset = 0
        var missing: Int?
        var failure: ExchangeError?
        let start = inlineCall.output.count
        do throws(ExchangeError) {
            while missing == nil, !exchange.isFull, inlineCall.output.count < start + Self.batchSize {
                let rest = UnsafeRawBufferPointer(rebasing: input[offset...])
                switch try scan(rest) {
                case .incomplete(let count): missing = count
                case .record(let bounds):
                    offset += bounds.end
                    let first = UnsafeRawBufferPointer(rebasing: rest[bounds.first])
                    let second = UnsafeRawBufferPointer(rebasing: rest[bounds.second])
                    let request = dialect == .standard ? (first, second) : (second, first)
                    try answer(request, of: exchange, dialect)
                }
            }
        } catch {
            failure = error
        }
        do throws(ExchangeError) {
            try exchange.consume(offset, of: input, missing: missing)
        } catch {
            // The replies of this batch are this peer's all the same.
            failure = failure ?? error
        }
        let end = inlineCall.output.count
        if end > start { noteReplies(to: exchange) }
        if end >= Self.mostGathered { sendReplies() }
        if let failure { throw failure }
    }

    func noteReplies(to exchange: Exchange) {
        let last = unsent.count - 1
        if last >= 0, unsent[last].exchange.toOpaque() == Unmanaged.passUnretained(exchange).toOpaque() {
            unsent[last].end = inlineCall.output.count
            return
        }
        unsent.append(Unsent(exchange: .passUnretained(exchange), end: inlineCall.output.count))
        exchange.hasRepliesInBatch = true
    }

    /// Sends the replies that were gathered for all connections.
    func sendReplies() {
        if unsent.isEmpty { return }
        let bytes = inlineCall.output.bytes
        var start = 0
        for reply in unsent {
            reply.exchange._withUnsafeGuaranteedRef { exchange in
                exchange.hasRepliesInBatch = false
                exchange.send(UnsafeRawBufferPointer(rebasing: bytes[start..<reply.end]))
            }
            start = reply.end
        }
        unsent.removeAll(keepingCapacity: true)
        inlineCall.output.removeAll()
    }

    private func scan(_ bytes: UnsafeRawBufferPointer) throws(ExchangeError) -> RecordScan {
        do {
            return try RecordScanner.scan(bytes.bytes, limit: core.limits.recordBytes)
        } catch {
            throw .record(error)
        }
    }

    /// Answers one request: at once, or when its call has ended, by a reply that is put in its place then.
    @inline(__always)
    private func answer(
        _ request: (line: UnsafeRawBufferPointer, input: UnsafeRawBufferPointer), of exchange: Exchange,
        _ dialect: ListenerConfiguration.Dialect
    ) throws(ExchangeError) {
        let start = inlineCall.output.count
        guard let owed = dispatch(request.line, input: request.input, dialect, from: exchange) else {
            if exchange.isBehind {
                let output = inlineCall.output
                defer { output.truncate(to: start) }
                try exchange.enqueue(UnsafeRawBufferPointer(rebasing: output.bytes[start...]))
            }
            return
        }
        goOn(with: owed, of: exchange)
    }

    /// Sends the reply at the end of the loop's output, in its turn.
    func sendOwnReply(to exchange: Exchange) {
        let start = unsent.last?.end ?? 0
        if exchange.isBehind {
            try? exchange.enqueue(UnsafeRawBufferPointer(rebasing: inlineCall.output.bytes[start...]))
            inlineCall.output.truncate(to: start)
        } else {
            noteReplies(to: exchange)
        }
        sendReplies()
    }

    /// Puts a reply at the end of the batch's that is an error of the daemon's own.
    func appendError(_ text: String) {
        inlineCall.output.append(count: 0)
        inlineCall.output.appendText("fastdaemond: \(text)\n")
    }
}

extension RecordService {
    /// Takes up what the loop keeps of the limits. On the loop.
    func takeUpLimits() {
        inlineCall.replyLimit = core.limits.replyBytes
    }
}
