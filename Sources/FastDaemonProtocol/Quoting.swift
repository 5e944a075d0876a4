/// Makes command lines that split into given words again.
public enum Quoting {
    /// The command line that `Words.split(_:)` splits into exactly `words`, none of which may have a NUL in it. A word is
    /// quoted only where it must be, so `echo`, `hello`, `world` make `echo hello world`.
    public static func join(_ words: [[UInt8]]) -> [UInt8] {
        var line: [UInt8] = []
        for (index, word) in words.enumerated() {
            if index > 0 { line.append(.space) }
            append(word, to: &line)
        }
        return line
    }

    /// `word` as it has to be written in a command line: in single quotes if it is empty or has a space, tab, newline,
    /// quote or backslash in it, else as it is.
    public static func quote(_ word: [UInt8]) -> [UInt8] {
        var quoted: [UInt8] = []
        append(word, to: &quoted)
        return quoted
    }

    private static func append(_ word: [UInt8], to line: inout [UInt8]) {
        if !word.isEmpty, word.allSatisfy({ $0.isPlain }) {
            line.append(contentsOf: word)
            return
        }
        line.append(.singleQuote)
        for byte in word {
            line.append(byte)
            // Nothing quotes a single quote between single quotes: it closed them, an escaped one follows, they open again.
            if byte == .singleQuote {
                line.append(.backslash)
                line.append(.singleQuote)
                line.append(.singleQuote)
            }
        }
        line.append(.singleQuote)
    }
}
