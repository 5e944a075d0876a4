/// Text from elsewhere, made fit to be printed: a terminal must not be told what to do by a plugin or a peer.
public enum Printable {
    /// One line: control characters, line breaks among them, become escapes such as `\n` and `\u{1B}`.
    public static func line(_ text: String) -> String {
        escape(text, keeps: [])
    }

    /// A name that somebody outside chose, as a line that is no longer than names may be.
    public static func name(_ text: String) -> String {
        guard text.utf8.count > NameError.limit else { return line(text) }
        return line(String(decoding: text.utf8.prefix(NameError.limit), as: UTF8.self)) + "..."
    }

    /// Several lines: line breaks and tabs stay.
    public static func text(_ text: String) -> String {
        escape(text, keeps: ["\n", "\t"])
    }

    private static func escape(_ text: String, keeps kept: [Unicode.Scalar]) -> String {
        if text.unicodeScalars.allSatisfy({ !isControl($0) || kept.contains($0) }) { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            if !isControl(scalar) || kept.contains(scalar) {
                result.unicodeScalars.append(scalar)
            } else {
                result += scalar.escaped(asASCII: true)
            }
        }
        return result
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
            // Marks that turn the direction of text around can make a line read as another.
            || (0x202A...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
    }
}
