/// Finds the frames in what one side of a session sends, and holds them against the rules. It keeps no bytes and allocates
/// nothing: whoever owns a buffer asks for one event after the other, and keeps what was not used up until more has come.
///
/// ```swift
/// var decoder = SessionDecoder(from: .client, requestLimit: 1 << 20)
/// var offset = 0
/// while let event = try decoder.next(in: bytes, at: &offset) { ... }
/// // From `offset` on stands the beginning of a frame, which lacks at least `decoder.missing` bytes.
/// ```
///
/// Data is handed on piece by piece, as it came; every other frame when it is whole. After an error, or the end of the
/// session, a decoder is of no more use.
public struct SessionDecoder: Sendable {
    private enum Phase {
        /// Nothing came.
        case beginning

        /// A client has said hello and not yet RUN.
        case request(seen: SeenFrames)

        /// Data, credit and signals may come.
        case running

        /// The server's END came.
        case ended
    }

    private let sender: SessionSide
    private let requestLimit: Int
    private var phase = Phase.beginning

    /// How long the payloads of the request are so far.
    private var requestBytes = 0

    /// What is left of a frame whose payload is handed on, or skipped, as it comes.
    private var left = 0
    private var leftType: SessionFrameType?
    private var inputHasEnded = false

    /// How much data the sender may still send: INPUTs where that is a client, bytes where it is a server.
    public private(set) var allowance = 0

    /// How many bytes at least the frame lacks at which `next` found no more.
    public private(set) var missing = 0

    /// - Parameters:
    ///   - sender: whose frames these are.
    ///   - requestLimit: the most bytes that a client's request may have.
    public init(from sender: SessionSide, requestLimit: Int = .max) {
        self.sender = sender
        self.requestLimit = requestLimit
    }

    /// Takes note of what was allowed to the sender: each PULL to a client; to a server the window of the hello, then each
    /// CREDIT. A PULL that crossed the end of input on its way is allowed in vain.
    public mutating func allow(_ count: Int) {
        allowance += count
    }

    /// Whether the server's END came.
    public var hasEnded: Bool { if case .ended = phase { true } else { false } }

    /// The next event in `bytes` from `offset` on, which moves behind it; nil where the rest is less than one, or empty.
    public mutating func next(in bytes: RawSpan, at offset: inout Int) throws(SessionError) -> SessionEvent? {
        while offset < bytes.byteCount, !hasEnded {
            if left > 0 {
                if let event = takePayload(in: bytes, at: &offset) { return event }
                continue
            }
            let type = bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
            if case .beginning = phase, type != SessionFrame.firstByte { throw .notASession(type) }
            let start = offset + SessionFrame.headerByteCount
            guard bytes.byteCount >= start else {
                missing = start - bytes.byteCount
                return nil
            }
            let count =
                Int(UInt32(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))) & 0xFF_FFFF
            guard let known = try admit(type, count) else {
                (left, leftType) = (count, nil)
                offset = start
                continue
            }
            if known.carriesData, count > 0 {
                (left, leftType) = (count, known)
                offset = start
                continue
            }
            guard bytes.byteCount >= start + count else {
                missing = start + count - bytes.byteCount
                return nil
            }
            offset = start + count
            return try event(known, start..<offset, bytes)
        }
        missing = hasEnded || left > 0 ? left : SessionFrame.headerByteCount
        return nil
    }

    /// Hands on, or skips, what came of a payload.
    private mutating func takePayload(in bytes: RawSpan, at offset: inout Int) -> SessionEvent? {
        let range = offset..<offset + min(left, bytes.byteCount - offset)
        offset = range.upperBound
        left -= range.count
        switch leftType {
        case .input: return .input(range)
        case .output: return .output(range)
        case .errors: return .errors(range)
        default: return nil
        }
    }

    /// Holds a header against the rules. Returns nil for a frame that is to be skipped. It may be asked again for the same
    /// frame, and changes nothing until the frame is used up, data apart.
    private mutating func admit(_ type: UInt8, _ count: Int) throws(SessionError) -> SessionFrameType? {
        guard let known = SessionFrameType(rawValue: type) else {
            guard SessionFrame.skippedTypes.contains(type) else { throw .unexpectedType(type) }
            guard count <= SessionFrame.mostBytes else { throw .wrongLength(type: type, count) }
            return nil
        }
        guard known.isSent(by: sender) else { throw .unexpectedType(type) }
        guard known.lengths.contains(count) else { throw .wrongLength(type: type, count) }
        try checkPlace(of: known, count)
        switch known {
        case .input:
            guard allowance > 0 else { throw .notPulled }
            allowance -= 1
        case .output, .errors:
            guard count <= allowance else { throw .beyondCredit(count - allowance) }
            allowance -= count
        default: break
        }
        return known
    }

    private func checkPlace(of type: SessionFrameType, _ count: Int) throws(SessionError) {
        switch phase {
        case .beginning, .ended: break
        case .request(let seen):
            if type == .hello { throw .outOfPlace(type, .twice) }
            guard type.belongsToRequest else { throw .outOfPlace(type, .beforeRun) }
            if seen.contains(type) { throw .outOfPlace(type, .twice) }
            if type == .run, !seen.contains(.arguments) { throw .outOfPlace(type, .withoutArguments) }
            if requestBytes + count > requestLimit {
                throw .requestTooLarge(declared: requestBytes + count, limit: requestLimit)
            }
        case .running:
            if type == .hello || type == .run { throw .outOfPlace(type, .twice) }
            if type.belongsToRequest { throw .outOfPlace(type, .afterRun) }
            if type == .input, inputHasEnded { throw .outOfPlace(type, .afterEndOfInput) }
        }
    }

    /// The event of a frame that is whole.
    private mutating func event(
        _ type: SessionFrameType, _ range: Range<Int>, _ bytes: RawSpan
    ) throws(SessionError) -> SessionEvent {
        let payload = bytes.extracting(range)
        if case .request(var seen) = phase {
            seen.insert(type)
            phase = .request(seen: seen)
            requestBytes += range.count
        }
        switch type {
        case .hello:
            let hello = SessionHello(payload)
            // What a server's window says is not looked at, and what another version takes for too much is not known here.
            if sender == .client, hello.major == SessionHello.version.major, hello.window > SessionFrame.mostCredit {
                throw .tooMuchCredit
            }
            phase = sender == .client ? .request(seen: SeenFrames()) : .running
            return .hello(hello)
        case .arguments:
            try payload.checkStrings(of: type)
            if payload.isEmpty || payload.byte(at: 0) == 0 { throw .malformed(type, .emptyName) }
            return .arguments(range)
        case .environment:
            try payload.checkStrings(of: type)
            return .environment(range)
        case .directory:
            if payload.byte(at: 0) != UInt8(ascii: "/") { throw .malformed(type, .notAbsolute) }
            if payload.firstOffset(from: 0, marks: { $0.marks(of: 0) }) < payload.byteCount {
                throw .malformed(type, .zeroByte)
            }
            return .directory(range)
        case .terminals:
            return .terminals(
                SessionTerminals(
                    streams: payload.byte(at: 0) & 7, columns: payload.integer(at: 1), rows: payload.integer(at: 3)))
        case .timeout:
            let milliseconds: UInt32 = payload.integer(at: 0)
            if milliseconds == 0 { throw .malformed(type, .zero) }
            return .timeout(milliseconds: milliseconds)
        case .run:
            phase = .running
            return .run
        case .signal:
            return .signal(
                SessionSignal(payload.byte(at: 0), columns: payload.integer(at: 1), rows: payload.integer(at: 3)))
        case .credit, .pull:
            let count: UInt32 = payload.integer(at: 0)
            if count == 0 { throw .malformed(type, .zero) }
            return type == .credit ? .credit(Int(count)) : .pull(Int(count))
        case .end:
            phase = .ended
            let end = SessionEnd(
                SessionVerdict(rawValue: payload.byte(at: 0)), status: payload.byte(at: 1), call: payload.integer(at: 2)
            )
            return .end(end, text: range.lowerBound + 10..<range.upperBound)
        case .input, .output, .errors:
            // What has bytes was handed on as it came, so this is an INPUT without any.
            inputHasEnded = true
            allowance = 0
            return .endOfInput
        }
    }
}

/// The types that came of a request, a bit each.
private struct SeenFrames {
    private var bits: UInt8 = 0

    func contains(_ type: SessionFrameType) -> Bool { bits & 1 << type.rawValue != 0 }

    mutating func insert(_ type: SessionFrameType) { bits |= 1 << type.rawValue }
}

extension SessionHello {
    fileprivate init(_ payload: RawSpan) {
        self.init(
            major: payload.byte(at: 0), minor: payload.byte(at: 1), capabilities: payload.integer(at: 4),
            window: payload.integer(at: 8))
    }
}

extension RawSpan {
    fileprivate func integer<Integer: FixedWidthInteger & BitwiseCopyable>(at offset: Int) -> Integer {
        Integer(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: Integer.self))
    }

    fileprivate func checkStrings(of type: SessionFrameType) throws(SessionError) {
        if !isEmpty, byte(at: byteCount - 1) != 0 { throw .malformed(type, .lastStringNotTerminated) }
    }
}
