/// What is wrong with the bytes of a message between the daemon and a worker.
struct MessageError: Error, Equatable, CustomStringConvertible {
    var description: String { "a message of a worker process is not of its form" }
}

/// Puts numbers and texts one after the other: numbers with the most significant byte first, texts and lists after their
/// count.
struct MessageWriter {
    private(set) var bytes: [UInt8] = []

    mutating func append(_ number: some FixedWidthInteger) {
        withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func append(_ flag: Bool) { append(UInt8(flag ? 1 : 0)) }

    mutating func append(_ text: String) {
        append(UInt32(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }
}

/// Takes out again what a `MessageWriter` put in. The other side may be a worker that a plugin has taken over: nothing is
/// believed.
struct MessageReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) {
        rest = bytes[...]
    }

    mutating func number<Number: FixedWidthInteger>(_ type: Number.Type = Number.self) throws(MessageError) -> Number {
        let count = MemoryLayout<Number>.size
        guard rest.count >= count else { throw MessageError() }
        let number = rest.prefix(count).reduce(Number(0)) { $0 << 8 | Number(truncatingIfNeeded: $1) }
        rest = rest.dropFirst(count)
        return number
    }

    mutating func flag() throws(MessageError) -> Bool { try number(UInt8.self) != 0 }

    mutating func text() throws(MessageError) -> String {
        let count = Int(try number(UInt32.self))
        guard rest.count >= count else { throw MessageError() }
        defer { rest = rest.dropFirst(count) }
        return String(decoding: rest.prefix(count), as: UTF8.self)
    }

    /// Nothing may be left.
    func finish() throws(MessageError) {
        if !rest.isEmpty { throw MessageError() }
    }
}

/// Messages as packets of a socket that keeps their bounds, and has a longest packet: the first byte of each says whether more
/// of the same message follows.
enum MessagePackets {
    /// The longest packet, in bytes.
    static let longest = 32 * 1024

    /// The most bytes of a message that a worker sends.
    static let longestMessage = 16 << 20

    static func split(_ message: [UInt8]) -> [[UInt8]] {
        var rest = message[...]
        var packets: [[UInt8]] = []
        repeat {
            let piece = rest.prefix(longest - 1)
            rest = rest.dropFirst(piece.count)
            packets.append([rest.isEmpty ? 0 : 1] + piece)
        } while !rest.isEmpty
        return packets
    }
}

/// Puts messages together out of packets.
struct MessageJoiner {
    private var begun: [UInt8] = []

    /// Takes a packet. Returns the message that is complete with it.
    mutating func add(_ packet: some Collection<UInt8>) throws(MessageError) -> [UInt8]? {
        guard let mark = packet.first, mark <= 1, begun.count + packet.count <= MessagePackets.longestMessage else {
            throw MessageError()
        }
        begun += packet.dropFirst()
        if mark == 1 { return nil }
        defer { begun = [] }
        return begun
    }
}
