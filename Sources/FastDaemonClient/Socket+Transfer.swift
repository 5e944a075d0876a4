#if hasFeature(Embedded)
    import CClientStatic
#else
    import CClient
#endif

extension Socket {
    /// How far sending came.
    enum SendProgress {
        /// The kernel took this many bytes.
        case took(Int)
        /// The kernel takes none until the peer has read.
        case full
        /// The peer hung up; what it said before may still be there to receive.
        case peerGone
    }

    /// Sends what the kernel takes at once of the record of two strings, after the `sent` bytes of it that went before.
    /// The strings are not copied into one message.
    func send(_ first: RawSpan, _ second: RawSpan, after sent: Int) throws(ClientError) -> SendProgress {
        let counts = (UInt32(first.byteCount).bigEndian, UInt32(second.byteCount).bigEndian)
        let result = withUnsafeBytes(of: counts) { counts in
            first.withUnsafeBytes { first in
                second.withUnsafeBytes { second in
                    var pieces = Pieces(skipping: sent)
                    pieces.append(UnsafeRawBufferPointer(rebasing: counts[..<4]))
                    pieces.append(first)
                    pieces.append(UnsafeRawBufferPointer(rebasing: counts[4...]))
                    pieces.append(second)
                    return pieces.send(over: descriptor)
                }
            }
        }
        if result >= 0 {
            return .took(result)
        }
        switch -result {
        case CCLIENT_EAGAIN: return .full
        case CCLIENT_EPIPE, CCLIENT_ECONNRESET: return .peerGone
        case CCLIENT_EMSGSIZE:
            throw ClientError(
                .requestTooLarge, "a request of \(8 + first.byteCount + second.byteCount) bytes does not fit a datagram"
            )
        case let number: throw ClientError("cannot send the request", failedWith: number)
        }
    }

    /// Waits, up to `seconds` where given, until there is something to receive, or, with `forRoomToSend`, until the
    /// kernel takes bytes. Returns whether there is something to receive.
    func wait(forRoomToSend: Bool = false, seconds: Int32? = nil) -> Bool {
        let events = Int32(CCLIENT_READABLE | (forRoomToSend ? CCLIENT_WRITABLE : 0))
        let ready = cclient_wait(descriptor, events, seconds.map { $0 * 1_000 } ?? -1)
        return ready & CCLIENT_READABLE != 0
    }

    /// Receives what is there. Where nothing is, it waits, or returns `nil` if it may not wait.
    ///
    /// - Returns: A count of bytes; 0 is the end of the stream, however it ended.
    func receive(into memory: UnsafeMutableRawBufferPointer, waiting: Bool) throws(ClientError) -> Int? {
        let count = cclient_receive(descriptor, memory.baseAddress!, memory.count, waiting)
        return -count == CCLIENT_ECONNRESET ? 0 : try received(count)
    }

    /// The size in bytes of the next datagram, `nil` where there is none.
    func sizeOfNextDatagram() throws(ClientError) -> Int? {
        try received(cclient_datagram_size(descriptor))
    }

    private func received(_ count: Int) throws(ClientError) -> Int? {
        if count >= 0 {
            return count
        }
        switch -count {
        case CCLIENT_EAGAIN: return nil
        case CCLIENT_ECONNREFUSED: throw Self.unreachable(address, CCLIENT_ECONNREFUSED)
        case let number: throw ClientError("cannot receive from \(address.text)", failedWith: number)
        }
    }
}

/// The pieces of a message that are still to be sent.
struct Pieces {
    private var pieces = InlineArray<4, cclient_piece>(repeating: cclient_piece())
    private var count = 0
    private var skipped: Int

    init(skipping sent: Int) {
        skipped = sent
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        let rest = bytes.dropFirst(skipped)
        skipped -= bytes.count - rest.count
        if !rest.isEmpty {
            pieces[count] = cclient_piece(base: bytes.baseAddress! + rest.startIndex, count: rest.count)
            count += 1
        }
    }

    func send(over descriptor: Int32) -> Int {
        pieces.span.withUnsafeBufferPointer { cclient_send(descriptor, $0.baseAddress!, Int32(count)) }
    }
}
