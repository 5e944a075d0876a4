/// A line is longer than it may be.
public struct LineTooLongError: Error, Equatable, CustomStringConvertible {
    /// The limit that it went over, in bytes, the line's end not counted.
    public let maxLength: Int

    /// What was wrong, as a sentence for people.
    public var description: String {
        "a line is longer than \(maxLength) bytes; send shorter lines, or raise the limit"
    }
}

/// Bytes in, lines out. Pure: it reads nothing, and gives the same lines however the bytes are cut into chunks.
struct LineSplitter {
    private let maxLength: Int
    private var buffer: [UInt8] = []
    /// Where in the buffer the line begins that is not out yet.
    private var lineStart = 0
    /// Up to here the buffer is known to hold no line feed, so that no byte is looked at twice.
    private var searched = 0

    init(maxLength: Int) {
        self.maxLength = maxLength
    }

    /// Takes in more bytes. Ask for all lines first: what is left then is no more than the beginning of one.
    mutating func append(_ chunk: some Collection<UInt8>) {
        buffer.removeSubrange(..<lineStart)
        searched -= lineStart
        lineStart = 0
        buffer.append(contentsOf: chunk)
    }

    /// The next line that is complete, without its end; nil where more bytes are needed.
    mutating func nextLine() throws(LineTooLongError) -> [UInt8]? {
        guard let lineFeed = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) else {
            searched = buffer.count
            // A carriage return at the end may turn out to belong to the line's end.
            try checkLength(lineStart..<endWithoutCarriageReturn(buffer.count))
            return nil
        }
        let line = lineStart..<endWithoutCarriageReturn(lineFeed)
        try checkLength(line)
        lineStart = lineFeed + 1
        searched = lineStart
        return Array(buffer[line])
    }

    /// The bytes after the last line feed, where there are any: the input has ended.
    mutating func lastLine() throws(LineTooLongError) -> [UInt8]? {
        let line = lineStart..<buffer.count
        guard !line.isEmpty else { return nil }
        try checkLength(line)
        lineStart = buffer.count
        return Array(buffer[line])
    }

    private func endWithoutCarriageReturn(_ end: Int) -> Int {
        end > lineStart && buffer[end - 1] == UInt8(ascii: "\r") ? end - 1 : end
    }

    private func checkLength(_ line: Range<Int>) throws(LineTooLongError) {
        if line.count > maxLength { throw LineTooLongError(maxLength: maxLength) }
    }
}
