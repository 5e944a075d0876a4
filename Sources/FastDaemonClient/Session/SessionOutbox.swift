#if hasFeature(Embedded)
    import CClientStatic
#else
    import CClient
    import FastDaemonProtocol
#endif

/// What a client has to send: the request, then one INPUT at a time, and before either what is owed of signals and credit.
/// It never waits, and holds no more than one frame of input.
///
/// Where it forwards signals, their handler sends for itself while the outbox is empty; so one reaches the command also
/// while the program waits for a slow reader.
struct SessionOutbox: ~Copyable {
    let descriptor: Int32

    /// Whether signals are forwarded over this socket.
    var forwardsSignals = false

    /// Whether the daemon has hung up. Its last words may still be there to receive.
    private(set) var isBroken = false

    private enum Body {
        case none
        case request
        /// An INPUT with so many bytes, header included.
        case input(Int)
    }

    private let request: [UInt8]
    private var body = Body.request

    /// Frames of signals and credit, which go before the body.
    private var control: [UInt8] = []

    /// How many bytes of both went.
    private var sent = 0

    /// A header and a payload. It is there once input was asked for.
    private var inputFrame = UnsafeMutableRawBufferPointer(start: nil, count: 0)

    private var isReleased = false

    private var credit = 0

    /// An outbox with a request in it.
    init(socket: Int32, request: [UInt8]) {
        descriptor = socket
        self.request = request
    }

    deinit {
        inputFrame.deallocate()
    }

    /// Whether all went.
    var isEmpty: Bool {
        if case .none = body, control.isEmpty { true } else { false }
    }

    /// Where a read puts the bytes of the next INPUT.
    var inputMemory: UnsafeMutableRawBufferPointer {
        mutating get {
            if inputFrame.baseAddress == nil {
                inputFrame = .allocate(
                    byteCount: SessionFrame.headerByteCount + SessionFrame.mostBytes, alignment: 4)
            }
            return UnsafeMutableRawBufferPointer(rebasing: inputFrame[SessionFrame.headerByteCount...])
        }
    }

    /// Takes an INPUT of the `count` bytes that are in `inputMemory`; 0 is the end of input.
    ///
    /// - Precondition: The outbox is empty.
    mutating func putInput(_ count: Int) {
        precondition(isEmpty)
        hold()
        inputFrame.storeBytes(of: SessionFrame.header(.input, count: count), as: UInt32.self)
        body = .input(SessionFrame.headerByteCount + count)
        fillControl()
    }

    /// Gives the daemon credit for so many bytes of output.
    mutating func giveCredit(_ count: Int) {
        credit += count
    }

    /// Sends what the socket takes.
    mutating func flush() {
        while !isBroken {
            if isEmpty {
                fillControl()
            }
            if !isEmpty {
                hold()
                guard sendOnce() else { return }
            } else if !forwardsSignals || isReleased {
                return
            } else {
                isReleased = true
                if !cclient_signals_release() { return }
            }
        }
    }

    /// Keeps the handler of signals from sending.
    private mutating func hold() {
        if isReleased {
            cclient_signals_hold()
            isReleased = false
        }
    }

    /// Takes what is owed of signals and credit.
    private mutating func fillControl() {
        if forwardsSignals, cclient_signals_are_pending() {
            hold()
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Int(CCLIENT_MOST_SIGNAL_BYTES)) { frames in
                let count = cclient_signals_take(frames.baseAddress!)
                control.append(contentsOf: UnsafeRawBufferPointer(start: frames.baseAddress, count: count))
            }
        }
        if credit > 0 {
            SessionEncoder.append(credit: credit, to: &control)
            credit = 0
        }
    }

    /// Returns whether the socket took anything.
    private mutating func sendOnce() -> Bool {
        let count = control.count + bodyCount
        let result = control.withUnsafeBytes { control in
            request.withUnsafeBytes { request in
                var pieces = Pieces(skipping: sent)
                pieces.append(control)
                switch body {
                case .none: break
                case .request: pieces.append(request)
                case .input(let count): pieces.append(UnsafeRawBufferPointer(rebasing: inputFrame[..<count]))
                }
                return pieces.send(over: descriptor)
            }
        }
        if result < 0 {
            isBroken = -result != CCLIENT_EAGAIN
            return false
        }
        sent += result
        if sent == count {
            (sent, body) = (0, .none)
            control.removeAll(keepingCapacity: true)
        }
        return true
    }

    private var bodyCount: Int {
        switch body {
        case .none: 0
        case .request: request.count
        case .input(let count): count
        }
    }
}
