import CFastDaemonPlugin
import FastDaemonProtocol

/// The three streams of a session's call, between its handler and its loop: what came and was not read, what was written and
/// is not sent. Pure; the call holds a lock around it.
struct SessionStreams {
    // What came in.
    private var waiting: ByteBuffer
    private var lent: ByteBuffer
    private var inputHasEnded = false

    /// How many INPUTs the client was asked for, and has not sent.
    private var owed = 0

    /// How many bytes of input came.
    private(set) var bytesIn = 0

    // What goes out, as frames.
    private var frames: ByteBuffer
    private var lastFrame: (type: SessionFrameType, offset: Int)?
    private var credit: SessionCredit

    /// Output of those that may not wait, for which there was no room or credit, in order.
    private var backlog: OutputBacklog<SessionFrameType>

    /// How many bytes of output were taken.
    private(set) var bytesOut = 0

    /// Nobody reads what is written any more.
    private(set) var isClosed = false

    /// Whose write was taken in part, and is to be taken to its end before another's.
    private var unfinishedWriter: Int32?

    /// How many threads wait in a read or a write.
    var waiters = 0

    /// How many bytes of frames may be kept for a client that reads slowly, and how many where memory is short.
    private static let mostFrames = 256 * 1024
    private static let fewFrames = 16 * 1024

    /// A handler that has read as much reads all the time, so input is asked for ahead.
    private static let streamsFrom = SessionFrame.mostBytes

    /// How many INPUTs are asked for ahead then.
    private static let pullsAhead = 4

    private let budget: ByteBudget

    init(budget: ByteBudget, window: UInt32) {
        self.budget = budget
        waiting = ByteBuffer(budget: budget)
        lent = ByteBuffer(budget: budget)
        frames = ByteBuffer(budget: budget)
        backlog = OutputBacklog(budget: budget)
        credit = SessionCredit(window: window)
    }

    // MARK: - Input

    /// What there is to read.
    enum Reading {
        case piece(fastdaemon_bytes)
        case end
        case nothing
    }

    /// Takes all that has come. It is lent until the next read.
    ///
    /// - Returns: what there is, and how many more INPUTs the client is to be asked for.
    mutating func read() -> (Reading, pulls: Int) {
        lent.removeAll()
        if !waiting.isEmpty {
            swap(&waiting, &lent)
            let bytes = lent.bytes
            let piece = fastdaemon_bytes(
                data: bytes.baseAddress!.assumingMemoryBound(to: CChar.self), count: bytes.count)
            return (.piece(piece), pull(atLeast: 0))
        }
        return inputHasEnded ? (.end, 0) : (.nothing, pull(atLeast: 1))
    }

    /// The handler wants to be told when there is input: it is asked for.
    mutating func wantInput() -> Int {
        hasInput ? 0 : pull(atLeast: 1)
    }

    /// More input is wanted, however much is there already.
    mutating func gather() -> Int {
        pull(atLeast: 1)
    }

    private mutating func pull(atLeast least: Int) -> Int {
        if inputHasEnded { return 0 }
        let wanted = bytesIn >= Self.streamsFrom && !budget.isExceeded ? Self.pullsAhead : least
        let pulls = max(0, wanted - owed)
        owed += pulls
        return pulls
    }

    /// Whether a read would find something, or the end.
    var hasInput: Bool { !waiting.isEmpty || inputHasEnded }

    /// How many bytes of input came and were not read.
    var unreadBytes: Int { waiting.count }

    /// - Parameter begun: how many INPUTs began with these bytes.
    mutating func receive(_ bytes: UnsafeRawBufferPointer, begun: Int) {
        owed -= begun
        bytesIn += bytes.count
        // Its size is bounded by what was asked for.
        waiting.append(bytes, regardless: true)
    }

    mutating func endInput() {
        inputHasEnded = true
        owed = 0
    }

    // MARK: - Output

    /// Takes as much as there is room and credit for, and nothing of one writer between two parts of another's.
    ///
    /// - Parameters:
    ///   - writer: a number for each thread that writes.
    ///   - toTheEnd: whether the writer comes again with what is not taken, as often as it takes.
    /// - Returns: how many bytes were taken; nil where nobody reads any more.
    mutating func write(
        _ bytes: UnsafeRawBufferPointer, as type: SessionFrameType, by writer: Int32, toTheEnd: Bool
    ) -> Int? {
        if isClosed { return nil }
        guard backlog.isEmpty, unfinishedWriter == nil || unfinishedWriter == writer else { return 0 }
        let count = frame(bytes, as: type)
        bytesOut += count
        if count == bytes.count || !toTheEnd {
            unfinishedWriter = nil
        } else if count > 0 {
            unfinishedWriter = writer
        }
        return count
    }

    /// Takes all, for a writer that may not wait: what there is no room or credit for is kept. Returns false, and takes
    /// nothing, where more than `limit` bytes would be kept, or memory is short.
    ///
    /// - Parameter limit: nil for the daemon's own words, which are kept whatever they take.
    mutating func writeAll(_ bytes: UnsafeRawBufferPointer, as type: SessionFrameType, limit: Int?) -> Bool {
        let now = backlog.isEmpty ? min(bytes.count, room) : 0
        let rest = UnsafeRawBufferPointer(rebasing: bytes[now...])
        if !rest.isEmpty {
            if let limit, backlog.count + rest.count > limit { return false }
            guard backlog.append(rest, to: type, regardless: limit == nil) else { return false }
        }
        _ = frame(UnsafeRawBufferPointer(rebasing: bytes[..<now]), as: type)
        bytesOut += bytes.count
        return true
    }

    /// Makes frames of what was kept, as far as there is room and credit.
    private mutating func frameBacklog() {
        while let (type, bytes) = backlog.front {
            let count = frame(bytes, as: type)
            backlog.removeFirst(count)
            if count < bytes.count { return }
        }
    }

    /// Makes frames of as much as there is room and credit for. Returns how many bytes that was.
    private mutating func frame(_ bytes: UnsafeRawBufferPointer, as type: SessionFrameType) -> Int {
        let count = min(bytes.count, room)
        var taken = 0
        while taken < count {
            let joined = lastFrame.flatMap { $0.type == type ? $0 : nil }
            let length = joined.map { frames.count - $0.offset - SessionFrame.headerByteCount } ?? 0
            let piece = min(count - taken, SessionFrame.mostBytes - length)
            if piece == 0 {
                lastFrame = nil
                continue
            }
            if let joined {
                frames.overwrite(count: type.word(length + piece), at: joined.offset)
            } else {
                lastFrame = (type, frames.count)
                frames.append(count: type.word(piece))
            }
            frames.append(UnsafeRawBufferPointer(rebasing: bytes[taken..<taken + piece]), regardless: true)
            taken += piece
        }
        credit.use(count)
        return count
    }

    /// How many bytes a write would take now, were there no backlog.
    private var room: Int {
        let most = budget.isExceeded ? Self.fewFrames : Self.mostFrames
        return min(credit.available, max(0, most - frames.count))
    }

    /// Whether a write would take something.
    var hasRoom: Bool { isClosed || backlog.isEmpty && unfinishedWriter == nil && room > 0 }

    mutating func add(credit count: Int) throws(SessionError) {
        try credit.add(count)
        frameBacklog()
    }

    var hasFrames: Bool { !frames.isEmpty }

    /// Whether all that was written was handed over.
    var isDrained: Bool { frames.isEmpty && backlog.isEmpty }

    /// Exchanges what is to be sent for an empty buffer.
    mutating func takeFrames(_ other: inout ByteBuffer) {
        swap(&frames, &other)
        lastFrame = nil
        frameBacklog()
    }

    /// Nobody reads any more: what was not sent is dropped.
    mutating func close() {
        isClosed = true
        frames.removeAll()
        backlog.removeAll()
        lastFrame = nil
        waiting.removeAll()
    }
}

extension SessionFrameType {
    /// A header as a number, for buffers that write those in the order of the network.
    func word(_ count: Int) -> Int { Int(rawValue) << 24 | count }
}
