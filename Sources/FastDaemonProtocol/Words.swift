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

    private mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
    }

    private mutating func endWord() {
        ends.append(bytes.count)
        bytes.append(0)
    }
}

// MARK: - Splitting by the shell's quoting rules

extension Words {
    /// Splits `line` by the quoting rules of POSIX.1-2017, Shell Command Language, sections 2.2 and 2.3, and takes the
    /// place of the words that were there.
    ///
    /// Quotes and backslash are all that is special: nothing is expanded, and `#`, `$`, `*`, `|`, `;` and the like stand
    /// for themselves. Spaces, tabs and newlines separate words. A backslash with a newline after it is dropped, both of
    /// them, outside quotes and inside double quotes.
    ///
    /// - Throws: `CommandLineError`; there are then no words.
    public mutating func split(_ line: RawSpan) throws(CommandLineError) {
        removeAll()
        try checkNoNUL(in: line)
        do throws(CommandLineError) {
            var offset = line.endOfSeparators(from: 0)
            while offset < line.byteCount {
                try appendWord(in: line, at: &offset)
                offset = line.endOfSeparators(from: offset)
            }
        } catch {
            removeAll()
            throw error
        }
        if count == 0 { throw .empty }
    }

    /// Where the first word of `line` stands, for routing: `nil` where there is none, or where quoting is part of it and
    /// only `split(_:)` can tell what it is.
    public static func firstWord(of line: RawSpan) -> Range<Int>? {
        let start = line.endOfSeparators(from: 0)
        let end = line.endOfPlainBytes(from: start)
        guard end > start, end == line.byteCount || line.byte(at: end).isSeparator else { return nil }
        return start..<end
    }

    private mutating func appendWord(in line: RawSpan, at offset: inout Int) throws(CommandLineError) {
        while true {
            let end = line.endOfPlainBytes(from: offset)
            bytes.append(contentsOf: line.extracting(offset..<end))
            offset = end
            guard offset < line.byteCount, !line.byte(at: offset).isSeparator else { return endWord() }
            switch line.byte(at: offset) {
            case .singleQuote: try appendSingleQuoted(in: line, at: &offset)
            case .doubleQuote: try appendDoubleQuoted(in: line, at: &offset)
            default: try appendEscaped(in: line, at: &offset)
            }
        }
    }

    /// Section 2.2.1: a backslash keeps the byte after it as it is; with a newline it continues the line.
    private mutating func appendEscaped(in line: RawSpan, at offset: inout Int) throws(CommandLineError) {
        guard offset + 1 < line.byteCount else { throw .trailingBackslash }
        let byte = line.byte(at: offset + 1)
        if byte != .newline { bytes.append(byte) }
        offset += 2
    }

    /// Section 2.2.2: between single quotes every byte is kept as it is.
    private mutating func appendSingleQuoted(in line: RawSpan, at offset: inout Int) throws(CommandLineError) {
        let end = line.firstOffset(from: offset + 1) { $0.marks(of: .singleQuote) }
        guard end < line.byteCount else { throw .unclosedQuote(at: offset, quote: .singleQuote) }
        bytes.append(contentsOf: line.extracting(offset + 1..<end))
        offset = end + 1
    }

    /// Section 2.2.3: between double quotes a backslash is special only before what is special there itself.
    private mutating func appendDoubleQuoted(in line: RawSpan, at offset: inout Int) throws(CommandLineError) {
        let quote = offset
        offset += 1
        while true {
            let end = line.firstOffset(from: offset) { $0.marks(of: .doubleQuote) | $0.marks(of: .backslash) }
            bytes.append(contentsOf: line.extracting(offset..<end))
            guard end < line.byteCount else { throw .unclosedQuote(at: quote, quote: .doubleQuote) }
            offset = end + 1
            if line.byte(at: end) == .doubleQuote { return }
            guard offset < line.byteCount else { throw .unclosedQuote(at: quote, quote: .doubleQuote) }
            let escaped = line.byte(at: offset)
            if !escaped.isSpecialInDoubleQuotes { bytes.append(.backslash) }
            if escaped != .newline { bytes.append(escaped) }
            offset += 1
        }
    }
}

// MARK: - Splitting as classic programs do

extension Words {
    /// Splits `line` at every single space, without any quoting, as Python's `str.split(" ")` does, and takes the place
    /// of the words that were there. Two spaces on end have an empty word between them; an empty line has no words.
    ///
    /// - Throws: `CommandLineError.containsNUL`; there are then no words.
    public mutating func splitAtSpaces(_ line: RawSpan) throws(CommandLineError) {
        removeAll()
        try checkNoNUL(in: line)
        if line.byteCount == 0 { return }
        var start = 0
        while true {
            let end = line.firstOffset(from: start) { $0.marks(of: .space) }
            bytes.append(contentsOf: line.extracting(start..<end))
            endWord()
            if end == line.byteCount { return }
            start = end + 1
        }
    }

    private func checkNoNUL(in line: RawSpan) throws(CommandLineError) {
        let offset = line.firstOffset(from: 0) { $0.marks(of: 0) }
        if offset < line.byteCount { throw .containsNUL(at: offset) }
    }
}

extension RawSpan {
    /// Where the separators at `start` end. A continued line separates nothing by itself, but is no part of a word.
    fileprivate func endOfSeparators(from start: Int) -> Int {
        var offset = start
        while offset < byteCount {
            if byte(at: offset).isSeparator {
                offset += 1
            } else if byte(at: offset) == .backslash, offset + 1 < byteCount, byte(at: offset + 1) == .newline {
                offset += 2
            } else {
                break
            }
        }
        return offset
    }
}
