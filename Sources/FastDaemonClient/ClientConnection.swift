#if !hasFeature(Embedded)
    import FastDaemonProtocol
#endif

/// A blocking connection to a daemon, closed with its value.
///
/// It belongs to one thread at a time. Any number of requests may be sent before their replies are received, which
/// come in the order of the requests; on a datagram socket one request is under way at a time.
///
/// ```swift
/// var connection = try startClient(port: "fastdaemon.sock")
/// let reply = try connection.transfer(Record(first: Array("echo hi".utf8), second: []))
/// ```
public struct ClientConnection: ~Copyable {
    /// The daemon's address.
    public let address: DaemonAddress

    private var channel: Channel
    private var replies: Replies
    private var repliesOwed = 0
    private var hasEnded = false

    /// The most bytes that the strings of a reply may have unless another limit is given: 64 MiB.
    public static let defaultLimit = 64 << 20

    /// Connects to a daemon.
    ///
    /// - Parameter limit: The most bytes that the two strings of a reply may have together, where it is kept: in
    ///   `recvRecord` and `transfer(_:)`.
    /// - Throws: `ClientError.Code.unreachable`.
    public init(to address: DaemonAddress, limit: Int = ClientConnection.defaultLimit) throws(ClientError) {
        self.address = address
        channel = try Channel(to: address)
        replies = Replies(from: address, limit: limit)
    }

    /// Sends a request. Replies that arrive meanwhile are kept for `recvRecord`, so that a daemon that waits for them
    /// to be read goes on reading.
    ///
    /// - Throws: `requestTooLarge`, `connectionEnded`, `system`.
    public mutating func sendRecord(_ record: Record) throws(ClientError) {
        try beginStep()
        _ = try channel.send(record.first.span.bytes, record.second.span.bytes) { (bytes) throws(ClientError) in
            replies.append(bytes)
            return bytes.byteCount == 0
        }
        repliesOwed += 1
        hasEnded = false
    }

    /// Receives the reply to the oldest request that has none yet.
    ///
    /// - Throws: `endedEarly`, `notTheProtocol`, `connectionEnded`, `system`; on a datagram socket also `unreachable`.
    public mutating func recvRecord() throws(ClientError) -> Record {
        try beginStep()
        let kept = try replies.next()
        let record = if let kept { kept } else { try receiveRecord() }
        repliesOwed -= 1
        hasEnded = false
        return record
    }

    /// Sends a request and receives its reply.
    ///
    /// It receives while it sends. A daemon that replies before it has read the whole request ends the connection.
    ///
    /// - Precondition: Every earlier request has had its reply.
    /// - Throws: Every code of `ClientError` but `invalidArgument`.
    public mutating func transfer(_ request: Record) throws(ClientError) -> Record {
        precondition(repliesOwed == 0, "the replies that are owed come first")
        try beginStep()
        var early: Record?
        let isCutShort = try channel.send(request.first.span.bytes, request.second.span.bytes) {
            (bytes) throws(ClientError) in
            early = try replies.next(after: bytes)
            return early != nil
        }
        let reply = if let early { early } else { try receiveRecord() }
        hasEnded = isCutShort
        return reply
    }

    /// Sends a request whose strings stay where they are, and hands its reply on as it arrives, without keeping it.
    ///
    /// It receives while it sends. A daemon that replies before it has read the whole request ends the connection.
    ///
    /// - Parameter reply: Gets the next bytes of the one string or the other, valid until it returns.
    /// - Precondition: Every earlier request has had its reply.
    /// - Throws: What `reply` throws, and every code of `ClientError` but `invalidArgument`.
    public mutating func transfer(
        _ first: RawSpan, _ second: RawSpan,
        reply: (RecordPart, RawSpan) throws(ClientError) -> Void
    ) throws(ClientError) {
        precondition(repliesOwed == 0, "the replies that are owed come first")
        try beginStep()
        var splitter = RecordSplitter()
        func receive(_ bytes: RawSpan) throws(ClientError) -> Bool {
            if bytes.byteCount == 0 {
                try splitter.finish()
            }
            var offset = 0
            while let (part, range) = try splitter.next(in: bytes, at: &offset) {
                try reply(part, bytes.extracting(range))
            }
            return splitter.isComplete
        }
        let isCutShort = try channel.send(first, second, receive)
        while !splitter.isComplete {
            _ = try channel.receive(receive)
        }
        hasEnded = isCutShort
    }

    /// An error in a step leaves the connection somewhere inside a record: the step says at its end that it is usable.
    private mutating func beginStep() throws(ClientError) {
        if hasEnded {
            throw ClientError(.connectionEnded, "the connection to \(address.text) has ended: start another")
        }
        hasEnded = true
    }

    private mutating func receiveRecord() throws(ClientError) -> Record {
        while true {
            var record: Record?
            _ = try channel.receive { (bytes) throws(ClientError) in
                record = try replies.next(after: bytes)
                return record != nil
            }
            if let record {
                return record
            }
        }
    }
}
