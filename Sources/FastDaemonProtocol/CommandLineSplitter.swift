/// How a command line is taken apart. Words go to `output`, each with a NUL after it, whose place goes to `ends`.
enum CommandLineSplitter {
    /// Splits by the shell's quoting rules; see `Words.split(_:)`.
    static func split(
        _ line: RawSpan, into output: inout OutputSpan<UInt8>, ends: inout [Int]
    ) throws(CommandLineError) {
        var offset = line.endOfSeparators(from: 0)
        while offset < line.byteCount {
            try appendWord(in: line, at: &offset, to: &output)
            ends.append(output.count)
            output.append(0)
            offset = line.endOfSeparators(from: offset)
        }
    }

    /// Splits at every single space; see `Words.splitAtSpaces(_:)`.
    static func splitAtSpaces(_ line: RawSpan, into output: inout OutputSpan<UInt8>, ends: inout [Int]) {
        if line.byteCount == 0 { return }
        var start = 0
        while true {
            let end = line.firstOffset(from: start) { $0.marks(of: .space) }
            output.append(contentsOf: line.extracting(start..<end))
            ends.append(output.count)
            output.append(0)
            if end == line.byteCount { return }
            start = end + 1
        }
    }

    private static func appendWord(
        in line: RawSpan, at offset: inout Int, to output: inout OutputSpan<UInt8>
    ) throws(CommandLineError) {
        while true {
            let end = line.endOfPlainBytes(from: offset)
            output.append(contentsOf: line.extracting(offset..<end))
            offset = end
            guard offset < line.byteCount, !line.byte(at: offset).isSeparator else { return }
            switch line.byte(at: offset) {
            case .singleQuote: try appendSingleQuoted(in: line, at: &offset, to: &output)
            case .doubleQuote: try appendDoubleQuoted(in: line, at: &offset, to: &output)
            default: try appendEscaped(in: line, at: &offset, to: &output)
            }
        }
    }

    /// Section 2.2.1: a backslash keeps the byte after it as it is; with a newline it continues the line.
    private static func appendEscaped(
        in line: RawSpan, at offset: inout Int, to output: inout OutputSpan<UInt8>
    ) throws(CommandLineError) {
        guard offset + 1 < line.byteCount else { throw .trailingBackslash }
        let byte = line.byte(at: offset + 1)
        if byte != .newline { output.append(byte) }
        offset += 2
    }

    /// Section 2.2.2: between single quotes every byte is kept as it is.
    private static func appendSingleQuoted(
        in line: RawSpan, at offset: inout Int, to output: inout OutputSpan<UInt8>
    ) throws(CommandLineError) {
        let end = line.firstOffset(from: offset + 1) { $0.marks(of: .singleQuote) }
        guard end < line.byteCount else { throw .unclosedQuote(at: offset, quote: .singleQuote) }
        output.append(contentsOf: line.extracting(offset + 1..<end))
        offset = end + 1
    }

    /// Section 2.2.3: between double quotes a backslash is special only before what is special there itself.
    private static func appendDoubleQuoted(
        in line: RawSpan, at offset: inout Int, to output: inout OutputSpan<UInt8>
    ) throws(CommandLineError) {
        let quote = offset
        offset += 1
        while true {
            let end = line.firstOffset(from: offset) { $0.marks(of: .doubleQuote) | $0.marks(of: .backslash) }
            output.append(contentsOf: line.extracting(offset..<end))
            guard end < line.byteCount else { throw .unclosedQuote(at: quote, quote: .doubleQuote) }
            offset = end + 1
            if line.byte(at: end) == .doubleQuote { return }
            guard offset < line.byteCount else { throw .unclosedQuote(at: quote, quote: .doubleQuote) }
            let escaped = line.byte(at: offset)
            if !escaped.isSpecialInDoubleQuotes { output.append(.backslash) }
            if escaped != .newline { output.append(escaped) }
            offset += 1
        }
    }
}
