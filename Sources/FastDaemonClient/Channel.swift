/// Moves records' bytes both ways over one socket, so that neither side waits for the other for ever.
struct Channel: ~Copyable {
    let address: DaemonAddress
    private let socket: Socket
    private var buffer = ReceiveBuffer()

    /// How long the reply to a datagram may take, in seconds: datagrams get lost.
    static let longestDatagramWait: Int32 = 60

    /// Gets bytes that arrived, valid until it returns; none of them is the end of the stream or datagram. Returns
    /// whether all came that was waited for.
    typealias Receiver = (RawSpan) throws(ClientError) -> Bool

    init(to address: DaemonAddress) throws(ClientError) {
        self.address = address
        socket = try Socket(connectedTo: address)
    }

    /// Sends the record of two strings, and receives what comes meanwhile.
    ///
    /// A peer that hangs up ends the sending without an error, because its last words may be there to receive.
    ///
    /// - Returns: Whether all came that `receiver` waits for; the rest of the record was then not sent.
    mutating func send(_ first: RawSpan, _ second: RawSpan, _ receiver: Receiver) throws(ClientError) -> Bool {
        if first.byteCount > UInt32.max || second.byteCount > UInt32.max {
            throw ClientError(.requestTooLarge, "a string of a request has at most 4,294,967,295 bytes")
        }
        var sent = 0
        while sent < 8 + first.byteCount + second.byteCount {
            switch try socket.send(first, second, after: sent) {
            case .took(let count):
                sent += count
            case .peerGone:
                return false
            case .full:
                let isReadable = socket.wait(forRoomToSend: true)
                if isReadable, !address.isDatagram, try receiveFromStream(waiting: false, receiver) {
                    return true
                }
            }
        }
        return false
    }

    /// Waits for bytes, receives them, and returns what `receiver` does.
    mutating func receive(_ receiver: Receiver) throws(ClientError) -> Bool {
        if address.isDatagram {
            try receiveDatagram(receiver)
        } else {
            try receiveFromStream(waiting: true, receiver)
        }
    }

    private mutating func receiveFromStream(
        waiting: Bool, _ receiver: Receiver
    ) throws(ClientError) -> Bool {
        guard let count = try socket.receive(into: buffer.memory, waiting: waiting) else { return false }
        return try receiver(UnsafeRawBufferPointer(rebasing: buffer.memory[..<count]).bytes)
    }

    /// A datagram comes whole, so its end is told at once.
    private mutating func receiveDatagram(_ receiver: Receiver) throws(ClientError) -> Bool {
        guard socket.wait(seconds: Self.longestDatagramWait) else {
            throw ClientError(
                .unreachable,
                """
                no reply from \(address.text) within \(Int(Self.longestDatagramWait)) s: the daemon is not there or still at \
                work, or a datagram was lost
                """)
        }
        guard let size = try socket.sizeOfNextDatagram() else { return false }
        buffer.reserve(size)
        guard let count = try socket.receive(into: buffer.memory, waiting: false) else { return false }
        let bytes = UnsafeRawBufferPointer(rebasing: buffer.memory[..<count]).bytes
        if try receiver(bytes) {
            return true
        }
        return try receiver(bytes.extracting(first: 0))
    }
}
