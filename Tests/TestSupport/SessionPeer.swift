import Foundation

/// A frame of a session, as it goes over the wire; made and read here without the project's own codec.
public struct Frame: Equatable, Sendable, CustomStringConvertible {
    /// The first byte of its header.
    public var type: UInt8
    /// What stands behind its header.
    public var payload: [UInt8]

    /// A frame of any type, known or not.
    public init(_ type: UInt8, _ payload: [UInt8] = []) {
        self.type = type
        self.payload = payload
    }

    /// Header and payload.
    public var bytes: [UInt8] { [type] + bigEndian(UInt32(payload.count)).dropFirst() + payload }

    /// Type and payload, the latter as text.
    public var description: String {
        String(type, radix: 16) + ":" + String(decoding: payload.prefix(60), as: UTF8.self).debugDescription
    }

    /// HELLO of a server.
    public static func hello(major: UInt8 = 1, minor: UInt8 = 0) -> Frame {
        Frame(0xFD, [major, minor] + [UInt8](repeating: 0, count: 10))
    }
    /// A PULL.
    public static func pull(_ count: UInt32 = 1) -> Frame { Frame(0x23, bigEndian(count)) }
    /// An OUTPUT.
    public static func output(_ text: String) -> Frame { Frame(0x21, Array(text.utf8)) }
    /// An ERRORS.
    public static func errors(_ text: String) -> Frame { Frame(0x22, Array(text.utf8)) }
    /// An END, of call 17.
    public static func end(_ verdict: UInt8 = 0, status: UInt8 = 0, _ text: String = "") -> Frame {
        Frame(0x24, [verdict, status, 0, 0, 0, 0, 0, 0, 0, 17] + text.utf8)
    }
    /// An INPUT, as a client sends it.
    public static func input(_ text: String) -> Frame { Frame(0x07, Array(text.utf8)) }
    /// A SIGNAL, as a client sends it.
    public static func signal(_ number: Int32, columns: UInt8 = 0, rows: UInt8 = 0) -> Frame {
        Frame(0x08, [UInt8(number), 0, columns, 0, rows])
    }
}

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

private func bigEndian(_ number: UInt32) -> [UInt8] {
    withUnsafeBytes(of: number.bigEndian) { Array($0) }
}
