import FastDaemonHost
import FastDaemonIO
import FastDaemonProtocol
import Glibc

/// Why an exchange ends before its peer has said goodbye.
enum ExchangeError: Error {
    /// The peer is gone, or takes nothing.
    case connection(ConnectionError)

    /// What the peer sent is no record.
    case record(RecordError)

    /// The peer kept a record waiting for longer than the limit of that name allows.
    case slowRecord(limit: String, seconds: Double)

    /// The peer sent nothing for a while. Nothing is wrong with that.
    case idle

    case shuttingDown
    case outOfBuffers
}

/// The requests and replies of one connection.
///
/// A connection that is idle holds no buffer: what comes is received into its loop's scratch room and used up there, and only
/// the beginning of a record whose rest has not come is kept. Everything here happens on the loop.
///
/// `@unchecked Sendable`: touched on its loop's thread alone.
final class Exchange: ReadServer, CallerSource, @unchecked Sendable {
    let connection: Connection
    let dialect: ListenerConfiguration.Dialect

    /// Who finds the records in what comes here, and answers them.
    let service: RecordService

    var core: ServerCore { service.core }

    /// What was received before this is served. It stands in the loop's room, and is used up in the same round.
    private var ahead: UnsafeRawBufferPointer?

    // What was received and is not used up.
    var partial: ByteBuffer?
    var partialMayHoldRecord = false
    private var missing = 0
    private var hasHadRecord = false

    /// The session that the connection is; nil where it is none, or nothing has come.
    var session: Session?

    /// Why the peer is not let in; nil where it is.
    var refusal: Refusal?

    /// Whether the end of what the peer sends was read, so that nothing of it is left unread.
    private(set) var hasReadEnd = false

    /// How many bytes were received since the loop last looked at the other connections, and how many the last time.
    var receivedInTurn = 0
    private var lastReceived = 0

    /// When the record that is coming in began, and when anything was last finished, by the loop's clock.
    private var recordStart: UInt64
    var lastProgress: UInt64

    // What is owed and not sent.
    var replies = OrderedReplies<ByteBuffer>()
    var pending: ByteBuffer?
    var isFlushing = false

    /// Whether a part of a reply was lost, so that nothing may follow it.
    var isBroken = false

    /// Whether the loop's buffer holds replies to this peer, which it sends at the end of its round.
    var hasRepliesInBatch = false

    /// Why the exchange ends, where no task was there to be told; it is told when it looks.
    var failure: ExchangeError?

    /// The task that waits until some of what is owed was completed, or sent.
    private var replyWaiter: UnsafeContinuation<Void, Never>?

    /// Whether calls were completed in this round, so that the loop will look for replies whose turn it is.
    var hasCompleted = false

    // What goes on, and whether its end is wanted when the peer hangs up.
    var calls: [RunningCall] = []
    var watchesHangUp = false

    /// How many replies may be owed at once; a peer that pipelines more waits until it reads some.
    static let mostOwedReplies = 128

    /// How many bytes of replies may wait for one before them before the next request has to wait, too.
    static let mostHeldBytes = 1 << 20
    var heldBytes = 0

    init(_ connection: Connection, _ dialect: ListenerConfiguration.Dialect, servedBy service: RecordService) {
        self.connection = connection
        self.dialect = dialect
        self.service = service
        recordStart = connection.loop.now
        lastProgress = recordStart
        super.init()
    }

    deinit {
        assert(!hasRepliesInBatch, "the loop still has replies to send here")
        if heldBytes > 0 { core.budget.giveBack(heldBytes) }
    }

    override func receiveAhead(into room: UnsafeMutableRawBufferPointer) {
        // A peer that sends much would be received in two goes.
        guard lastReceived <= room.count / 2, partialIsEmpty, !needsTask else { return }
        do {
            ahead = try connection.receiveNow(into: room).map { UnsafeRawBufferPointer(rebasing: room[..<$0]) }
        } catch {
            failure = .connection(error)
        }
    }

    override func serve() {
        let goesOn = serveOnLoop()
        if let ahead { keep(ahead) }
        if !goesOn { service.handOver(self) }
    }

    override func endWait() {
        if let ahead { keep(ahead) }
        service.handOver(self)
    }

    /// Keeps what was received ahead for the task that goes on here. It is too little to cost budget.
    private func keep(_ input: UnsafeRawBufferPointer) {
        ahead = nil
        if input.isEmpty {
            hasReadEnd = true
        } else {
            let partial = ByteBuffer(budget: core.budget)
            partial.append(input)
            self.partial = partial
            partialMayHoldRecord = true
        }
    }

    // MARK: - Receiving

    /// What there is to look for records in: something new, or what is left; nil at the end. It is lent until the next
    /// suspension; `consume` is to follow before that.
    func receive() async throws(ExchangeError) -> UnsafeRawBufferPointer? {
        while true {
            if let failure { throw failure }
            if hasToFlush { try await flush() }
            if !isFull { break }
            await waitForReplies()
        }
        if partialMayHoldRecord, let partial {
            partialMayHoldRecord = false
            return partial.bytes
        }
        while true {
            if let failure { throw failure }
            if hasToFlush { try await flush() }
            if hasReadEnd { return try end() }
            if receivedInTurn >= EventLoop.scratchSize {
                receivedInTurn = 0
                await connection.loop.sleep(nanoseconds: 0)
                if connection.loop.isEndingReads { return try end() }
                // Replies may not have found room in the meantime: nobody else would flush them.
                continue
            }
            if let input = try receiveNow() {
                if !input.isEmpty { return input }
                continue
            }
            receivedInTurn = 0
            if try await !waitForMore() {
                if let failure { throw failure }
                return try end()
            }
        }
    }

    /// Whether there may be something to receive.
    var mayReceive: Bool { ahead != nil || connection.mayReceive }

    /// Nil where nothing is there; empty at the end.
    func receiveNow() throws(ExchangeError) -> UnsafeRawBufferPointer? {
        if let ahead = ahead.take() {
            noteReceived(ahead.count)
            return ahead
        }
        do throws(ConnectionError) {
            guard let partial, !partial.isEmpty else {
                let scratch = connection.loop.scratch
                guard let count = try connection.receiveNow(into: scratch) else { return nil }
                noteReceived(count)
                return UnsafeRawBufferPointer(rebasing: scratch[..<count])
            }
            // Room grows with what has come, not with what was announced.
            let room = min(max(missing, 4096), max(65_536, partial.count))
            guard partial.reserve(room) else { throw .failed(ENOMEM) }
            var received: Result<Int?, ConnectionError> = .success(nil)
            partial.appendInPlace(upTo: room) { room in
                received = Result { () throws(ConnectionError) in try connection.receiveNow(into: room) }
                return (try? received.get()) ?? 0
            }
            guard let count = try received.get() else { return nil }
            noteReceived(count)
            return count == 0 ? UnsafeRawBufferPointer(start: nil, count: 0) : partial.bytes
        } catch {
            throw error == .failed(ENOMEM) ? .outOfBuffers : .connection(error)
        }
    }

    /// Waits until none of the calls goes on, and sends what they reply as far as it can be sent.
    func waitForCalls() async {
        while true {
            if hasToFlush, !isBroken {
                // Where the peer is gone, the calls hear of that; they are waited for all the same.
                try? await flush()
            } else if calls.isEmpty {
                return
            } else {
                await waitForReplies()
            }
        }
    }

    private func waitForReplies() async {
        await withUnsafeContinuation { replyWaiter = $0 }
    }

    /// Has the task look again that waits for replies, if one does.
    func wakeReplyWaiter() {
        replyWaiter.take()?.resume()
    }

    private func noteReceived(_ count: Int) {
        receivedInTurn += count
        lastReceived = count
        hasReadEnd = count == 0
    }

    /// Waits for more to come. Returns false where nothing more is to be waited for.
    private func waitForMore() async throws(ExchangeError) -> Bool {
        while true {
            do throws(ConnectionError) {
                return try await connection.waitUntilReadable(deadline: deadline)
            } catch .timedOut {
                // A peer that waits for its replies is not idle.
                if owesReplies, partialIsEmpty { lastProgress = connection.loop.now }
                if deadline > connection.loop.now { continue }
                if partialIsEmpty { throw .idle }
                throw .slowRecord(limit: hasHadRecord ? "recordSeconds" : "firstRecordSeconds", seconds: recordSeconds)
            } catch {
                throw .connection(error)
            }
        }
    }

    var partialIsEmpty: Bool { partial?.isEmpty ?? true }

    private var recordSeconds: Double { hasHadRecord ? core.limits.recordSeconds : core.limits.firstRecordSeconds }

    /// One deadline for a whole record, however its bytes come.
    var deadline: UInt64 {
        if !hasHadRecord || !partialIsEmpty { return recordStart + nanoseconds(recordSeconds) }
        return lastProgress + nanoseconds(core.limits.idleSeconds)
    }

    private func end() throws(ExchangeError) -> UnsafeRawBufferPointer? {
        guard let partial, !partial.isEmpty else { return nil }
        if connection.loop.isEndingReads { throw .shuttingDown }
        do {
            try RecordScanner.checkEnd(of: partial.bytes.bytes, limit: core.limits.recordBytes)
        } catch {
            throw .record(error)
        }
        return nil
    }

    /// Takes note of how far the input was used up.
    ///
    /// - Parameters:
    ///   - missing: how many bytes at least the record at its end still lacks; nil where it was not looked at.
    func consume(_ count: Int, of input: UnsafeRawBufferPointer, missing: Int?) throws(ExchangeError) {
        self.missing = missing ?? 0
        partialMayHoldRecord = missing == nil && count < input.count
        let wasEmpty = partialIsEmpty
        if count > 0 {
            hasHadRecord = true
            lastProgress = connection.loop.now
        }
        if let partial, !wasEmpty {
            partial.removeFirst(count)
            if partial.isEmpty { partial.removeAll() }
        } else if count < input.count {
            let partial = self.partial ?? ByteBuffer(budget: core.budget)
            self.partial = partial
            guard partial.append(UnsafeRawBufferPointer(rebasing: input[count...])) else { throw .outOfBuffers }
        }
        // The clock of a first record runs from the connection on; that of another from its own first byte.
        if hasHadRecord, wasEmpty || count > 0 { recordStart = connection.loop.now }
    }

    /// When the record that is coming in began; before the first, when the connection did.
    var start: UInt64 { recordStart }

    /// Whether what was received begins a session: the first that comes over a connection may.
    func beginsSession(_ input: UnsafeRawBufferPointer) -> Bool {
        !hasHadRecord && input.first == SessionFrame.firstByte
    }

    /// Who the peer is, as far as it was asked before.
    private(set) lazy var caller: Caller = {
        guard let peer = connection.credentials() else {
            return Caller(transport: 2, address: "\(connection.peerAddress)")
        }
        return Caller(transport: 1, user: peer.user, group: peer.group, process: peer.process)
    }()
}

/// Seconds as the loop's clock counts them.
func nanoseconds(_ seconds: Double) -> UInt64 { UInt64(seconds * 1_000_000_000) }
