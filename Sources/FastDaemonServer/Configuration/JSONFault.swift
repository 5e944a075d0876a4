/// The place where a text stops being JSON5, for people who have to mend it. The decoder only says that there is one.
///
/// Only brackets, commas, colons, quotes and comments are looked at, which is what goes wrong when people write JSON.
struct JSONFault: Error, Equatable, CustomStringConvertible {
    /// Both count from 1; the column in characters.
    let line, column: Int

    /// What should stand there.
    let expected: String

    var description: String { "line \(line), column \(column): expected \(expected)" }

    /// Finds the first one; nil where the text has none of this kind.
    init?(in text: [UInt8]) {
        var walker = JSONWalker(text)
        do throws(JSONWalker.Fault) {
            try walker.walk()
            return nil
        } catch {
            let before = String(decoding: text[..<error.offset], as: UTF8.self)
            let lines = before.split(separator: "\n", omittingEmptySubsequences: false)
            line = lines.count
            column = (lines.last?.count ?? 0) + 1
            expected = error.expected
        }
    }
}

/// Walks over a text, and stops where it is not JSON5.
private struct JSONWalker {
    struct Fault: Error {
        let offset: Int
        let expected: String
    }

    private let text: [UInt8]
    private var offset = 0
    private var depth = 0

    /// The decoder's own limit.
    private static let deepest = 512

    init(_ text: [UInt8]) {
        self.text = text
    }

    private var next: UInt8? { offset < text.count ? text[offset] : nil }

    private func fault(_ expected: String, at place: Int? = nil) -> Fault {
        Fault(offset: place ?? offset, expected: expected)
    }

    mutating func walk() throws(Fault) {
        try skipSpace()
        try value()
        try skipSpace()
        if next != nil { throw fault("nothing more") }
    }

    private mutating func skipSpace() throws(Fault) {
        while let byte = next {
            if byte == UInt8(ascii: "/") {
                try skipComment()
            } else if byte <= UInt8(ascii: " ") {
                offset += 1
            } else {
                return
            }
        }
    }

    private mutating func skipComment() throws(Fault) {
        let start = offset
        let rest = text[offset...].dropFirst(2)
        if text[offset...].starts(with: "//".utf8) {
            offset = rest.firstIndex(of: UInt8(ascii: "\n")) ?? text.count
        } else if text[offset...].starts(with: "/*".utf8) {
            guard let end = rest.firstRange(of: Array("*/".utf8)) else { throw fault("*/ after this /*", at: start) }
            offset = end.upperBound
        } else {
            throw fault("a comment, // or /* */, or no /")
        }
    }

    private mutating func value() throws(Fault) {
        switch next {
        case UInt8(ascii: "{"): try list(closedBy: UInt8(ascii: "}"), isObject: true)
        case UInt8(ascii: "["): try list(closedBy: UInt8(ascii: "]"), isObject: false)
        case UInt8(ascii: "\""), UInt8(ascii: "'"): try string()
        case _ where skipWord(): break
        default: throw fault("a value")
        }
    }

    private mutating func list(closedBy end: UInt8, isObject: Bool) throws(Fault) {
        let start = offset
        let bracket = Unicode.Scalar(end)
        depth += 1
        if depth > Self.deepest { throw fault("at most \(Self.deepest) levels of brackets") }
        offset += 1
        try skipSpace()
        while next != end {
            if next == nil { throw fault("\(bracket) to close this", at: start) }
            if isObject { try key() }
            try value()
            let behind = offset
            try skipSpace()
            if next == nil { throw fault("\(bracket) to close this", at: start) }
            // The place to mend is behind the value, not where the next line goes on.
            if next != end, next != UInt8(ascii: ",") { throw fault("a comma or \(bracket)", at: behind) }
            if next != end { offset += 1 }
            try skipSpace()
        }
        offset += 1
        depth -= 1
    }

    private mutating func key() throws(Fault) {
        if next == UInt8(ascii: "\"") || next == UInt8(ascii: "'") {
            try string()
        } else if !skipWord() {
            throw fault("a key in quotes, or }")
        }
        let behind = offset
        try skipSpace()
        guard next == UInt8(ascii: ":") else { throw fault("a colon", at: behind) }
        offset += 1
        try skipSpace()
    }

    private mutating func string() throws(Fault) {
        let start = offset
        let quote = text[offset]
        offset += 1
        while let byte = next, byte != UInt8(ascii: "\n") {
            if byte == quote {
                offset += 1
                return
            }
            offset += byte == UInt8(ascii: "\\") ? 2 : 1
        }
        throw fault("\(Unicode.Scalar(quote)) to close this", at: start)
    }

    /// A number, `true`, or a key without quotes: the decoder looks into it. Returns whether there is one.
    private mutating func skipWord() -> Bool {
        let marks = Array("{}[]:,\"'/".utf8)
        let start = offset
        while let byte = next, byte > UInt8(ascii: " "), !marks.contains(byte) { offset += 1 }
        return offset > start
    }
}
