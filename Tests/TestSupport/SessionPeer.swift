import Foundation

extension Peer {
    /// Receives one frame; nil where the client hung up.
    public func receiveFrame() throws -> Frame? {
        let header = try receive(4)
        guard header.count == 4 else { return nil }
        let count = header[1...].reduce(0) { $0 << 8 | Int($1) }
        return Frame(header[0], try receive(count))
    }

    /// Receives a client's HELLO, and all up to RUN.
    public func receiveRequest() throws -> [Frame] {
        var frames: [Frame] = []
        while let frame = try receiveFrame() {
            frames.append(frame)
            if frame.type == 0x06 { return frames }
        }
        throw TestFailure("the client hung up after \(frames)")
    }

    /// Receives a frame, and fails where it is another one.
    public func expect(_ wanted: Frame) throws {
        let frame = try receiveFrame()
        guard frame == wanted else {
            throw TestFailure("wanted \(wanted), and got \(frame.map(\.description) ?? "the end")")
        }
    }

    /// Receives until the client hangs up, and fails where anything but CREDIT comes.
    public func expectHangUp() throws {
        do {
            while let frame = try receiveFrame() {
                guard frame.type == 0x09 else { throw TestFailure("wanted the end, and got \(frame)") }
            }
        } catch let error as POSIXError where error.code == .ECONNRESET {
            // So it looks where the client has left something unread.
        }
    }

    /// Sends frames, all at once.
    public func send(_ frames: Frame...) throws {
        try send(frames.flatMap(\.bytes))
    }
}
