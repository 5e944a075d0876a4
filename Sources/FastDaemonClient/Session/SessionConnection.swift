#if hasFeature(Embedded)
    import CClientStatic
#else
    import CClient
    import FastDaemonProtocol
#endif

/// One session over one connection, from the request to END.
struct SessionConnection: ~Copyable {
    /// Writes a piece of output out. It may use the outbox to go on sending while it waits.
    typealias Writer = (inout SessionOutbox, SessionStream, RawSpan) throws(ClientError) -> Void

    /// How many bytes of output the daemon may send before they are written out.
    private static let window = 256 << 10

    let address: DaemonAddress
    private let socket: Socket
    private var outbox: SessionOutbox
    private var input: SessionInputReader

    private var pulls = SessionPulls()

    private(set) var decoder = SessionDecoder(from: .server)

    /// What was received and is not used up stands in front. There is room for the longest frame that is taken whole, and some
    /// of the next.
    private(set) var buffer = ReceiveBuffer(byteCount: SessionFrame.mostBytes + 4096)
    private(set) var filled = 0

    /// The bytes of output that were written out and not given credit for yet.
    private var writtenOut = 0

    /// The daemon's major version where that is another one.
    private(set) var otherVersion: UInt8?

    /// Connects, and sends the request.
    init(
        _ request: SessionRequest, to address: DaemonAddress, input: SessionInput
    ) throws(ClientError) {
        if address.isDatagram {
            throw ClientError(.invalidArgument, "a session goes over a stream: datagrams carry records")
        }
        let frames = try request.encoded(window: UInt32(Self.window), withDirectory: address.isUnixSocket)
        let socket = try Socket(connectedTo: address)
        self.address = address
        self.input = SessionInputReader(input)
        outbox = SessionOutbox(socket: socket.descriptor, request: frames)
        self.socket = socket
        decoder.allow(Self.window)
        outbox.flush()
    }

    /// Its socket.
    var descriptor: Int32 { outbox.descriptor }

    /// From now on the outbox looks out for signals, whose handlers are in place.
    mutating func beginForwardingSignals() {
        outbox.forwardsSignals = true
    }

    /// Moves everything both ways until the daemon says how the session ended.
    mutating func run(_ writer: Writer) throws(ClientError) -> SessionResult {
        while true {
            outbox.flush()
            let ready = try wait()
            if ready.socket, let result = try receive(writer) {
                return result
            }
            if ready.input, outbox.isEmpty {
                try moveInput()
            }
        }
    }

    /// Waits for something to do. The socket is ready also where a call would only say what is wrong with it.
    private func wait() throws(ClientError) -> (socket: Bool, input: Bool) {
        let isFull = !outbox.isEmpty && !outbox.isBroken
        let isAsked = pulls.owed > 0 && outbox.isEmpty && !outbox.isBroken
        if !isFull, !isAsked {
            return (true, false)
        }
        if isAsked, input.descriptor < 0 {
            return (false, true)
        }
        let ready = cclient_wait_for_either(
            outbox.descriptor, Int32(CCLIENT_READABLE | (isFull ? CCLIENT_WRITABLE : 0)),
            isAsked ? input.descriptor : -1, Int32(CCLIENT_READABLE))
        if ready < 0, -ready != CCLIENT_EINTR {
            throw ClientError("cannot wait for \(address.text)", failedWith: -ready)
        }
        return ready < 0 ? (false, false) : (ready & CCLIENT_READABLE != 0, ready & CCLIENT_OTHER_READY != 0)
    }

    /// Reads input once, where there is any yet, and sends it.
    private mutating func moveInput() throws(ClientError) {
        guard let count = try input.read(into: outbox.inputMemory) else { return }
        outbox.putInput(count)
        pulls.answer(byteCount: count)
    }

    /// Receives what is there, and waits for it. Returns how the session ended, where it did.
    private mutating func receive(_ writer: Writer) throws(ClientError) -> SessionResult? {
        let count = cclient_receive_once(
            outbox.descriptor, buffer.memory.baseAddress! + filled, buffer.memory.count - filled)
        switch -count {
        case CCLIENT_EINTR: return nil
        case 0, CCLIENT_ECONNRESET: throw endedEarly
        case 1...: throw ClientError("cannot receive from \(address.text)", failedWith: -count)
        default: filled += count
        }
        var offset = 0
        let result = try takeEvents(at: &offset, writer)
        filled -= offset
        buffer.memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer.memory[offset..<offset + filled]))
        return result
    }

    private mutating func takeEvents(at offset: inout Int, _ writer: Writer) throws(ClientError) -> SessionResult? {
        var output = OutputBatch()
        while let event = try nextEvent(at: &offset) {
            switch event {
            case .output(let range): try add(.output, range, to: &output, writer)
            case .errors(let range): try add(.errors, range, to: &output, writer)
            case .pull(let count): try owe(count)
            case .hello(let hello) where hello.major != SessionHello.version.major: otherVersion = hello.major
            case .end(let end, let text):
                try write(&output, writer)
                return SessionResult(
                    verdict: end.verdict, status: end.status, call: end.call,
                    text: Array(UnsafeRawBufferPointer(rebasing: buffer.memory[text])))
            default: break
            }
        }
        try write(&output, writer)
        return nil
    }

    private mutating func nextEvent(at offset: inout Int) throws(ClientError) -> SessionEvent? {
        let bytes = UnsafeRawBufferPointer(rebasing: buffer.memory[..<filled]).bytes
        var event: SessionEvent?
        do throws(SessionError) {
            event = try decoder.next(in: bytes, at: &offset)
        } catch {
            throw failure(error)
        }
        if let otherVersion, let event {
            guard case .end = event else { throw isOfOtherVersion(otherVersion) }
        }
        return event
    }

    private mutating func owe(_ count: Int) throws(ClientError) {
        do throws(SessionError) {
            try pulls.add(count)
        } catch {
            throw broke(error)
        }
    }

    /// Pieces of one stream that came one after the other are moved together and written at once, however small they are.
    private mutating func add(
        _ stream: SessionStream, _ range: Range<Int>, to output: inout OutputBatch, _ writer: Writer
    ) throws(ClientError) {
        if output.stream != stream {
            try write(&output, writer)
            output = OutputBatch(stream: stream, range: range)
        } else {
            let end = output.range.upperBound
            UnsafeMutableRawBufferPointer(rebasing: buffer.memory[end..<end + range.count])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer.memory[range]))
            output.range = output.range.lowerBound..<end + range.count
        }
    }

    private mutating func write(_ output: inout OutputBatch, _ writer: Writer) throws(ClientError) {
        guard !output.range.isEmpty else { return }
        let bytes = UnsafeRawBufferPointer(rebasing: buffer.memory[output.range]).bytes
        try writer(&outbox, output.stream, bytes)
        writtenOut += output.range.count
        output.range = 0..<0
        if writtenOut >= Self.window / 2 {
            outbox.giveCredit(writtenOut)
            decoder.allow(writtenOut)
            writtenOut = 0
        }
    }
}

/// Bytes of one stream that stand next to each other.
private struct OutputBatch {
    var stream = SessionStream.output
    var range = 0..<0
}
