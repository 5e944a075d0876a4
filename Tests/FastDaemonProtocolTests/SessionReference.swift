import FastDaemonProtocol

extension SessionLog {
    /// The rules of a session once more, as plainly as they can be written down: a frame after the other, of bytes that are all
    /// there.
    static func byTheBook(
        _ bytes: [UInt8], from side: SessionSide, requestLimit: Int, allowance: Int
    ) -> SessionLog {
        var book = SessionBook(side: side, requestLimit: requestLimit, allowance: allowance)
        var rest = bytes[...]
        do throws(SessionError) {
            if let first = rest.first, first != 0xFD { throw .notASession(first) }
            while rest.count >= 4, !book.seen.contains(0x24) {
                let type = rest[rest.startIndex]
                let count = Int(bigEndian(rest.dropFirst().prefix(3)))
                try book.checkHeader(type, count)
                let payload = Array(rest.dropFirst(4).prefix(count))
                try book.take(type, payload, count)
                rest = rest.dropFirst(4 + count)
            }
        } catch {
            book.log.error = error
        }
        return book.log
    }
}

/// The value of bytes, the most significant first.
private func bigEndian(_ bytes: some Sequence<UInt8>) -> UInt64 {
    bytes.reduce(0) { $0 << 8 | UInt64($1) }
}

private struct SessionBook {
    let side: SessionSide
    let requestLimit: Int
    var allowance: Int
    var log = SessionLog()
    /// The types that came, skipped ones left out.
    var seen: [UInt8] = []
    var requestByteCount = 0

    private static let clients: [UInt8] = Array(0x01...0x09)
    private static let servers: [UInt8] = Array(0x21...0x24)

    mutating func checkHeader(_ type: UInt8, _ count: Int) throws(SessionError) {
        if (0x80...0xFC).contains(type) {
            if count > 65_536 { throw .wrongLength(type: type, count) }
            return
        }
        guard let known = SessionFrameType(rawValue: type), known == .hello || mayBeSent(type) else {
            throw .unexpectedType(type)
        }
        guard lengths(of: known).contains(count) else { throw .wrongLength(type: type, count) }
        if seen.isEmpty { return }
        if type == 0xFD { throw .outOfPlace(known, .twice) }
        if side == .client { try checkOrder(known, count) }
        switch type {
        case 0x07 where allowance < 1: throw .notPulled
        case 0x21, 0x22: if count > allowance { throw .beyondCredit(count - allowance) }
        default: break
        }
    }

    private func mayBeSent(_ type: UInt8) -> Bool {
        (side == .client ? Self.clients : Self.servers).contains(type)
    }

    private func lengths(of type: SessionFrameType) -> ClosedRange<Int> {
        switch type {
        case .hello: 12...255
        case .arguments, .environment: 0...16_777_215
        case .directory: 1...4095
        case .terminals, .signal: 5...5
        case .timeout, .credit, .pull: 4...4
        case .run: 0...0
        case .input: 0...65_536
        case .output, .errors: 1...65_536
        case .end: 10...65_536
        }
    }

    private func checkOrder(_ type: SessionFrameType, _ count: Int) throws(SessionError) {
        let isOfRequest = type.rawValue <= 0x06
        let hasRun = seen.contains(0x06)
        if hasRun {
            if type == .run { throw .outOfPlace(type, .twice) }
            if isOfRequest { throw .outOfPlace(type, .afterRun) }
            if type == .input, log.items.contains(where: { $0.event == .endOfInput }) {
                throw .outOfPlace(type, .afterEndOfInput)
            }
            return
        }
        if !isOfRequest { throw .outOfPlace(type, .beforeRun) }
        if seen.contains(type.rawValue) { throw .outOfPlace(type, .twice) }
        if type == .run, !seen.contains(0x01) { throw .outOfPlace(type, .withoutArguments) }
        if requestByteCount + count > requestLimit {
            throw .requestTooLarge(declared: requestByteCount + count, limit: requestLimit)
        }
    }

    /// Takes what came of a payload of `count` bytes, whose header is in order.
    mutating func take(_ type: UInt8, _ payload: [UInt8], _ count: Int) throws(SessionError) {
        guard let known = SessionFrameType(rawValue: type) else { return }
        switch known {
        case .output, .errors:
            allowance -= count
            if !payload.isEmpty { log.append(SessionItem(known == .output ? .output(0..<0) : .errors(0..<0), payload)) }
        case .input:
            allowance -= 1
            if count == 0 { log.append(SessionItem(.endOfInput)) }
            if !payload.isEmpty { log.append(SessionItem(.input(0..<0), payload)) }
        default:
            guard payload.count == count else { return }
            log.append(try item(known, payload))
            if (0x01...0x06).contains(type) { requestByteCount += count }
        }
        seen.append(type)
    }

    private func item(_ type: SessionFrameType, _ payload: [UInt8]) throws(SessionError) -> SessionItem {
        func number(_ range: Range<Int>) -> UInt64 { bigEndian(payload[range]) }
        switch type {
        case .hello:
            let window = UInt32(number(8..<12))
            if side == .client, payload[0] == 1, window > 2_147_483_647 { throw .tooMuchCredit }
            return SessionItem(
                .hello(
                    SessionHello(
                        major: payload[0], minor: payload[1], capabilities: UInt32(number(4..<8)), window: window)))
        case .arguments, .environment:
            if let last = payload.last, last != 0 { throw .malformed(type, .lastStringNotTerminated) }
            if type == .environment { return SessionItem(.environment(0..<0), payload) }
            if payload.isEmpty || payload[0] == 0 { throw .malformed(type, .emptyName) }
            return SessionItem(.arguments(0..<0), payload)
        case .directory:
            if payload[0] != UInt8(ascii: "/") { throw .malformed(type, .notAbsolute) }
            if payload.contains(0) { throw .malformed(type, .zeroByte) }
            return SessionItem(.directory(0..<0), payload)
        case .end:
            let end = SessionEnd(SessionVerdict(rawValue: payload[0]), status: payload[1], call: number(2..<10))
            return SessionItem(.end(end, text: 0..<0), Array(payload[10...]))
        case .terminals:
            let (columns, rows) = (UInt16(number(1..<3)), UInt16(number(3..<5)))
            return SessionItem(.terminals(SessionTerminals(streams: payload[0] % 8, columns: columns, rows: rows)))
        case .signal:
            let (columns, rows) = (UInt16(number(1..<3)), UInt16(number(3..<5)))
            return SessionItem(.signal(SessionSignal(payload[0], columns: columns, rows: rows)))
        case .timeout, .credit, .pull:
            let count = Int(number(0..<4))
            if count == 0 { throw .malformed(type, .zero) }
            if type == .timeout { return SessionItem(.timeout(milliseconds: UInt32(count))) }
            return SessionItem(type == .credit ? .credit(count) : .pull(count))
        case .run, .input, .output, .errors: return SessionItem(.run)
        }
    }
}
