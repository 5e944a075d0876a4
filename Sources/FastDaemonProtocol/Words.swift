/// The words of a command line, in one flat buffer that can be used again without allocating.
///
/// Each word is followed by a NUL, so that it can be handed to C where it stands. The NUL is not part of its range.
public struct Words: Sendable {
    /// The words one after the other, each followed by a NUL.
    public private(set) var bytes: [UInt8] = []
    /// Where in `bytes` the NUL of each word stands.
    private var ends: [Int] = []

    /// No words.
    public init() {}

    /// How many words there are.
    public var count: Int { ends.count }

    /// Where the word at `index` stands in `bytes`.
    public subscript(index: Int) -> Range<Int> {
        (index == 0 ? 0 : ends[index - 1] + 1)..<ends[index]
    }

    /// Lends `bytes`, for C.
    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try bytes.span.bytes.withUnsafeBytes(body)
    }

    /// Splits `line` by the quoting rules of POSIX.1-2017, Shell Command Language, sections 2.2 and 2.3, and takes the
    /// place of the words that were there.
    ///
    /// Quotes and backslash are all that is special: nothing is expanded, and `#`, `$`, `*`, `|`, `;` and the like stand
    /// for themselves. Spaces, tabs and newlines separate words. A backslash with a newline after it is dropped, both of
    /// them, outside quotes and inside double quotes.
    ///
    /// - Throws: `CommandLineError`; there are then no words.
    public mutating func split(_ line: RawSpan) throws(CommandLineError) {
        try replaceAll(from: line) { (line, output, ends) throws(CommandLineError) in
            try CommandLineSplitter.split(line, into: &output, ends: &ends)
        }
        if count == 0 { throw .empty }
    }

    /// Splits `line` at every single space, without any quoting, as Python's `str.split(" ")` does, and takes the place
    /// of the words that were there. Two spaces on end have an empty word between them; an empty line has no words.
    ///
    /// - Throws: `CommandLineError.containsNUL`; there are then no words.
    public mutating func splitAtSpaces(_ line: RawSpan) throws(CommandLineError) {
        try replaceAll(from: line) { (line, output, ends) in
            CommandLineSplitter.splitAtSpaces(line, into: &output, ends: &ends)
        }
    }

    /// Splits a line in which quoting has no part, which is what most are: its words go to `room`, each with a NUL after it, as
    /// `split(_:)` would have them.
    ///
    /// - Parameters:
    ///   - room: one byte longer than the line at least.
    ///   - body: told where in `room` each word stands, its NUL excluded, also where the line turns out not to be plain.
    /// - Returns: false where a quote, a backslash or a NUL is in the line, and only `split(_:)` can tell what it says.
    @inlinable
    @inline(__always)
    public static func splitPlain(
        _ line: RawSpan, into room: UnsafeMutableRawBufferPointer, _ body: (Range<Int>) -> Void
    ) -> Bool {
        // Byte by byte: most lines are shorter than a search of eight bytes at a time takes to begin.
        var (start, end) = (0, 0)
        for offset in 0..<line.byteCount {
            let byte = line.byte(at: offset)
            if byte.isPlain {
                room[end] = byte
                end += 1
            } else if !byte.isSeparator {
                return false
            } else if end > start {
                room[end] = 0
                body(start..<end)
                end += 1
                start = end
            }
        }
        if end > start {
            room[end] = 0
            body(start..<end)
        }
        return true
    }

    @inline(__always)
    private mutating func replaceAll(
        from line: RawSpan,
        by split: (RawSpan, inout OutputSpan<UInt8>, inout [Int]) throws(CommandLineError) -> Void
    ) throws(CommandLineError) {
        bytes.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        let nul = line.firstOffset(from: 0) { $0.marks(of: 0) }
        if nul < line.byteCount { throw .containsNUL(at: nul) }
        do throws(CommandLineError) {
            // No word has more bytes than it has in the line, and the NUL of each but the last stands for a separator.
            try bytes.append(addingCapacity: line.byteCount + 1) { (output) throws(CommandLineError) in
                try split(line, &output, &ends)
            }
        } catch {
            bytes.removeAll(keepingCapacity: true)
            ends.removeAll(keepingCapacity: true)
            throw error
        }
    }
}
