import Foundation
import Synchronization

/// A client of a session that does what a test says, frame by frame. Its calls block, but never longer than a `RawPeer`'s.
public final class RawSession: Sendable {
    /// The socket.
    public let raw: RawPeer

    private let input = Mutex((owed: 0, hasEnded: false))

    /// Output that came while a test waited for something else.
    private let aside = Mutex<[UInt8]>([])

    /// How many INPUTs the server has asked for, and was not sent. None is after the end of input.
    public var owed: Int { input.withLock { $0.hasEnded ? 0 : $0.owed } }

    /// Takes a connection.
    public init(_ raw: RawPeer) {
        self.raw = raw
    }

    // MARK: - Sending

    /// Sends frames, at once.
    public func send(_ frames: Frame...) throws {
        try raw.send(frames.flatMap(\.bytes))
    }

    /// Sends a whole request, at once.
    public func send(_ request: RawRequest) throws {
        try raw.send(request.bytes)
    }

    /// Sends INPUT that the server has asked for, or waits until it does. No bytes are the end.
    public func sendInput(_ bytes: [UInt8]) throws {
        try waitForPull()
        try send(noteInput(bytes))
    }

    /// Sends INPUT that the server has asked for, or waits until it does. No text is the end.
    ///
    /// - Parameter byteByByte: whether each byte is sent alone.
    public func sendInput(_ text: String, byteByByte: Bool = false) throws {
        guard byteByByte else { return try sendInput(Array(text.utf8)) }
        try waitForPull()
        for byte in noteInput(Array(text.utf8)).bytes { try raw.send([byte]) }
    }

    private func noteInput(_ bytes: [UInt8]) -> Frame {
        input.withLock { $0 = ($0.owed - 1, bytes.isEmpty) }
        return .input(bytes)
    }

    /// Sends frames to a server that may have closed the connection, which is to be read from END and not from this.
    private func sendIfOpen(_ frame: Frame) throws {
        do {
            try send(frame)
        } catch let failure as RawPeer.Failure where [EPIPE, ECONNRESET].contains(failure.code) {}
    }

    // MARK: - Receiving

    /// Receives a frame; nil where the server has closed.
    public func receiveFrame() throws -> Frame? {
        let header = try raw.receive(4)
        if header.isEmpty { return nil }
        guard header.count == 4 else { throw TestFailure("the stream ended within a frame") }
        let length = Int(number(header[1...]))
        guard length <= 65_536 else { throw TestFailure("a frame of \(length) bytes, which no server sends") }
        let payload = try raw.receive(length)
        guard payload.count == length else { throw TestFailure("the stream ended within a frame") }
        return Frame(header[0], payload)
    }

    /// Receives a frame of one type.
    @discardableResult
    public func receive(_ type: UInt8) throws -> Frame {
        guard let frame = try receiveFrame() else { throw TestFailure("the server closed without END") }
        guard frame.type == type else { throw TestFailure("\(frame) came instead of \(String(type, radix: 16))") }
        return frame
    }

    /// Receives the server's HELLO.
    public func receiveHello() throws {
        let payload = try receive(Frame.helloType).payload
        guard (12...255).contains(payload.count), payload[0] == 1, payload[4..<12].allSatisfy({ $0 == 0 }) else {
            throw TestFailure("not a HELLO of version 1.0: \(payload)")
        }
    }

    /// Receives OUTPUT and returns its bytes, or a PULL and none.
    public func receiveOutputOrPull() throws -> [UInt8] {
        let earlier = takeAside()
        if !earlier.isEmpty { return earlier }
        guard let frame = try receiveFrame() else { throw TestFailure("the server closed without END") }
        switch frame.type {
        case Frame.pullType: try note(pull: frame)
        case Frame.outputType: return frame.payload
        default: throw TestFailure("\(frame) came instead of output")
        }
        return []
    }

    /// Receives OUTPUT until `count` bytes are there, and nothing else but PULL, which may overtake output.
    public func receiveOutput(_ count: Int) throws -> [UInt8] {
        var output: [UInt8] = []
        while output.count < count { output += try receiveOutputOrPull() }
        return output
    }

    private func takeAside() -> [UInt8] {
        aside.withLock { bytes in
            defer { bytes = [] }
            return bytes
        }
    }

    private func note(pull frame: Frame) throws {
        guard frame.payload.count == 4, number(frame.payload) > 0 else {
            throw TestFailure("not a good PULL: \(frame)")
        }
        let owed = input.withLock { input in
            input.owed += Int(number(frame.payload))
            return input.owed
        }
        guard owed <= 1024 else { throw TestFailure("\(owed) INPUTs are owed") }
    }

    /// Receives OUTPUT until this text is there.
    public func receive(text: String) throws {
        let output = String(decoding: try receiveOutput(text.utf8.count), as: UTF8.self)
        guard output == text else { throw TestFailure("\(output.debugDescription) came, not \(text.debugDescription)") }
    }

    /// Receives a PULL where none is open, and returns how many INPUTs are owed. Output that comes before it is kept.
    @discardableResult
    public func waitForPull() throws -> Int {
        var output: [UInt8] = []
        while owed == 0 { output += try receiveOutputOrPull() }
        aside.withLock { $0 += output }
        return owed
    }

    /// Receives END, and that the server then closes.
    public func receiveEnd() throws -> RawEnd {
        let output = takeAside()
        guard output.isEmpty else { throw TestFailure("\(output.count) bytes of output came before END") }
        let end = try RawEnd(receive(Frame.endType))
        try expectClosed()
        return end
    }

    /// Receives END, whatever else comes before it. No input is sent, and no credit given.
    public func skipToEnd() throws -> RawEnd {
        while let frame = try receiveFrame() {
            guard frame.type == Frame.endType else { continue }
            try expectClosed()
            return try RawEnd(frame)
        }
        throw TestFailure("the server closed without END")
    }

    /// Receives that the server has closed.
    public func expectClosed() throws {
        do {
            if let frame = try receiveFrame() { throw TestFailure("\(frame) came instead of the end of the stream") }
        } catch let failure as RawPeer.Failure where failure.code == ECONNRESET {
            // What was sent after END makes reading fail, says the page.
        }
    }

    /// Whether nothing comes for a while.
    public func isQuiet(for seconds: Double = 0.1) throws -> Bool {
        try !raw.hasSomethingToRead(within: seconds)
    }

    // MARK: - As a whole client

    /// Answers PULL with what `input` gives, hands out OUTPUT and ERRORS and gives credit for them, and returns the END.
    ///
    /// - Parameters:
    ///   - input: Called for each INPUT that is owed; no bytes are the end.
    ///   - take: The type of a frame, and its bytes.
    public func converse(
        input: () throws -> [UInt8], take: (_ type: UInt8, _ bytes: [UInt8]) throws -> Void
    ) throws -> RawEnd {
        let earlier = takeAside()
        if !earlier.isEmpty {
            try take(Frame.outputType, earlier)
            try sendIfOpen(.credit(earlier.count))
        }
        while true {
            while owed > 0 { try sendIfOpen(noteInput(input())) }
            guard let frame = try receiveFrame() else { throw TestFailure("the server closed without END") }
            switch frame.type {
            case Frame.outputType, Frame.errorsType:
                guard !frame.payload.isEmpty else { throw TestFailure("output of no bytes") }
                try take(frame.type, frame.payload)
                try sendIfOpen(.credit(frame.payload.count))
            case Frame.pullType: try note(pull: frame)
            default:
                let end = try RawEnd(frame)
                try expectClosed()
                return end
            }
        }
    }

    /// Goes on to the END, with this for standard input.
    ///
    /// - Parameter pieceSize: How many bytes of it one read gives.
    public func finish(input: [UInt8] = [], pieceSize: Int = 65_536) throws -> RawOutcome {
        var (output, errors): ([UInt8], [UInt8]) = ([], [])
        var pieces: [(stream: RawOutcome.Stream, bytes: [UInt8])] = []
        var rest = input[...]
        let end = try converse {
            defer { rest = rest.dropFirst(pieceSize) }
            return Array(rest.prefix(pieceSize))
        } take: { type, bytes in
            let stream: RawOutcome.Stream = type == Frame.outputType ? .output : .errors
            if stream == .output { output += bytes } else { errors += bytes }
            if pieces.last?.stream == stream {
                pieces[pieces.count - 1].bytes += bytes
            } else {
                pieces.append((stream, bytes))
            }
        }
        return RawOutcome(output: output, errors: errors, pieces: pieces, end: end)
    }
}
