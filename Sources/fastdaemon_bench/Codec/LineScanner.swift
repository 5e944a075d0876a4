import Glibc

/// Finds the lines of a text protocol, in whatever pieces they come.
struct LineScanner: Sendable {
    /// A longer line than this is taken for another protocol.
    static let maximumLine = 64 << 10

    /// The beginning of a line whose end has not come.
    private var kept: [UInt8] = []

    var isInsideLine: Bool { !kept.isEmpty }

    /// - Parameter read: What to make of the line, which it gets without the line feed and the carriage return before it.
    /// - Returns: nil where the bytes were used up before a line ended.
    mutating func nextLine<Result>(
        in bytes: RawSpan, at offset: inout Int, _ read: (UnsafeRawBufferPointer) throws(MalformedReply) -> Result
    ) throws(MalformedReply) -> Result? {
        try bytes.withUnsafeBytes { (all) throws(MalformedReply) -> Result? in
            let rest = UnsafeRawBufferPointer(rebasing: all[offset...])
            guard let start = rest.baseAddress, let end = memchr(start, 0x0A, rest.count) else {
                kept.append(contentsOf: rest)
                offset = all.count
                guard kept.count <= Self.maximumLine else {
                    throw MalformedReply(reason: "a line of \(kept.count) bytes and more is not of this protocol")
                }
                return nil
            }
            let count = UnsafeRawPointer(end) - start
            offset += count + 1
            guard kept.isEmpty else {
                kept.append(contentsOf: rest[..<count])
                defer { kept.removeAll(keepingCapacity: true) }
                return try kept.span.bytes.withUnsafeBytes { (line) throws(MalformedReply) -> Result in
                    try read(Self.trimmed(line))
                }
            }
            return try read(Self.trimmed(UnsafeRawBufferPointer(rebasing: rest[..<count])))
        }
    }

    private static func trimmed(_ line: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        line.last == 0x0D ? UnsafeRawBufferPointer(rebasing: line.dropLast()) : line
    }
}

extension UnsafeRawBufferPointer {
    /// Whether the line begins so. Letters of `text`, which are small ones, stand for capital ones too.
    func begins(with text: StaticString) -> Bool {
        guard count >= text.utf8CodeUnitCount else { return false }
        for index in 0..<text.utf8CodeUnitCount {
            let wanted = text.utf8Start[index]
            let isLetter = wanted >= UInt8(ascii: "a") && wanted <= UInt8(ascii: "z")
            guard self[index] == wanted || isLetter && self[index] | 0x20 == wanted else { return false }
        }
        return true
    }

    /// The decimal number from `start` on, spaces before it left out; nil where there is none or it is too large.
    func number(from start: Int) -> Int? {
        var value = 0
        var index = start
        while index < count, self[index] == UInt8(ascii: " ") { index += 1 }
        let first = index
        while index < count, case let digit = self[index] &- UInt8(ascii: "0"), digit < 10 {
            value = value * 10 + Int(digit)
            index += 1
            guard value <= 1 << 30 else { return nil }
        }
        return index > first ? value : nil
    }

    /// The beginning of the line, for people.
    var text: String { String(decoding: prefix(200), as: UTF8.self) }
}
