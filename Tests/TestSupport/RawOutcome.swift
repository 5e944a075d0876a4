/// What a session brought, from a server's HELLO to its END.
public struct RawOutcome: Sendable {
    /// Standard output.
    public let output: [UInt8]
    /// Standard error.
    public let errors: [UInt8]
    /// Both as they came: which stream it was, and what was written to it. Frames of one stream that followed each other are
    /// one piece.
    public let pieces: [(stream: Stream, bytes: [UInt8])]
    /// The end.
    public let end: RawEnd

    /// One of the two that a server sends.
    public enum Stream: Sendable {
        case output, errors
    }

    /// Standard output as text.
    public var outputText: String { String(decoding: output, as: UTF8.self) }
    /// Standard error as text.
    public var errorText: String { String(decoding: errors, as: UTF8.self) }
    /// Output, errors, verdict and status in one line, to compare with.
    public var summary: String { "\(outputText)|\(errorText)|\(end.verdict) \(end.status)" }
}

/// What a server's END says.
public struct RawEnd: Equatable, Sendable, CustomStringConvertible {
    /// How the server ended the session.
    public enum Verdict: UInt8, Sendable {
        case completed, noCommand, busy, timedOut, crashed, shuttingDown, violation, tooLarge, unsupported, refused
    }

    /// How the server ended the session.
    public let verdict: Verdict
    /// The exit status.
    public let status: UInt8
    /// The call's number in the server's log.
    public let call: UInt64
    /// Why, for people.
    public let text: String

    /// Takes END apart.
    ///
    /// - Throws: `TestFailure` where it is not as the page says.
    init(_ frame: Frame) throws {
        let payload = frame.payload
        guard frame.type == Frame.endType, payload.count >= 10, let verdict = Verdict(rawValue: payload[0]),
            let text = String(validating: payload[10...], as: UTF8.self)
        else { throw TestFailure("not a good END: \(frame)") }
        let isClean = !text.unicodeScalars.contains { $0.value < 32 || (127..<160).contains($0.value) }
        guard isClean, text.isEmpty == (verdict == .completed) else {
            throw TestFailure("END of verdict \(verdict) with the text \(text.debugDescription)")
        }
        self.verdict = verdict
        status = payload[1]
        call = number(payload[2..<10])
        self.text = text
    }

    /// In words, for people.
    public var description: String { "\(verdict), status \(status), call \(call), \(text.debugDescription)" }
}
