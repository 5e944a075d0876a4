import FastDaemonProtocol

/// Both sides of a session: what a client and a server make of each other's frames.
struct SessionTranscript {
    /// Of what the client sends.
    private(set) var client = SessionReader(from: .client)
    /// Of what the server sends.
    private(set) var server = SessionReader(from: .server)

    private var credit = SessionCredit()
    private var pulls = SessionPulls()

    /// A rule that the decoder of one side alone cannot know to be broken.
    private var error: SessionError?

    /// The logs, of the client first.
    var logs: [SessionLog] { [client.log, server.log] }

    var firstError: SessionError? { client.log.error ?? server.log.error ?? error }
    var broken: String? { client.broken ?? server.broken }

    /// Passes on bytes of one side; returns what they brought.
    @discardableResult
    mutating func send(_ bytes: some Sequence<UInt8>, by side: SessionSide) -> [SessionItem] {
        let items = side == .client ? client.append(bytes) : server.append(bytes)
        do throws(SessionError) {
            for item in items { try account(for: item, by: side) }
        } catch {
            self.error = error
        }
        return items
    }

    private mutating func account(for item: SessionItem, by side: SessionSide) throws(SessionError) {
        switch item.event {
        case .hello(let hello) where side == .client && hello.major == 1:
            credit = SessionCredit(window: hello.window)
            server.decoder.allow(credit.available)
        case .credit(let count):
            try credit.add(count)
            server.decoder.allow(count)
        case .output, .errors:
            credit.use(item.bytes.count)
        case .pull(let count):
            try pulls.add(count)
            client.decoder.allow(count)
        default: break
        }
    }

    /// Takes note of an INPUT that the client sends, if it is owed.
    mutating func noteInput(byteCount: Int) {
        if pulls.owed > 0 { pulls.answer(byteCount: byteCount) }
    }

    /// Plays a vector. What one side sends without a word of the other is joined, and then cut anew by `cut`.
    static func playing(
        _ vector: SessionVector, cut: (SessionSide, [UInt8]) -> [ArraySlice<UInt8>]
    ) -> SessionTranscript {
        var transcript = SessionTranscript()
        for (side, bytes, inputs) in vector.turns {
            for count in inputs { transcript.noteInput(byteCount: count) }
            for piece in cut(side, bytes) { transcript.send(piece, by: side) }
        }
        return transcript
    }
}

extension SessionVector {
    /// What the sides send by turns, and how long each INPUT in it is.
    var turns: [(side: SessionSide, bytes: [UInt8], inputs: [Int])] {
        var turns: [(side: SessionSide, bytes: [UInt8], inputs: [Int])] = []
        for case .frame(let side, let bytes, _) in steps {
            if turns.last?.side != side { turns.append((side, [], [])) }
            turns[turns.count - 1].bytes += bytes
            if side == .client, bytes[0] == SessionFrameType.input.rawValue {
                turns[turns.count - 1].inputs.append(bytes.count - 4)
            }
        }
        return turns
    }
}
