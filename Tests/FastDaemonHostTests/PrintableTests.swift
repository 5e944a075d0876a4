import FastDaemonHost
import Testing

@Suite("Text from elsewhere") struct PrintableTests {
    @Test(
        "has its control characters escaped in a line",
        arguments: [
            ("plain é 日本", "plain é 日本"), ("", ""), ("a\nb\tc", "a\\nb\\tc"), ("\u{1B}[31mred", "\\u{1B}[31mred"),
            ("a\r\nb", "a\\r\\nb"), ("\0\u{7F}", "\\0\\u{7F}"), ("\u{9B}2J", "\\u{009B}2J"),
            ("back\\slash", "back\\slash"),
        ])
    func line(text: String, printed: String) {
        #expect(Printable.line(text) == printed)
    }

    @Test("keeps line breaks and tabs, and nothing else of that kind, in a text")
    func text() {
        #expect(Printable.text("a\n\tb") == "a\n\tb")
        #expect(Printable.text("a\r\n\u{1B}b") == "a\\r\n\\u{1B}b")
    }

    @Test("cannot turn the direction of a line around", arguments: [0x202A...0x202E, 0x2066...0x2069])
    func bidirectional(marks: ClosedRange<UInt32>) throws {
        for mark in marks {
            let scalar = try #require(Unicode.Scalar(mark))
            let escape = "\\u{\(String(mark, radix: 16, uppercase: true))}"
            #expect(Printable.line("a\(scalar)b") == "a\(escape)b")
            #expect(Printable.text("a\(scalar)b") == "a\(escape)b")
        }
    }

    @Test("comes out with no control character, whichever it had")
    func everyControlCharacter() {
        for value in Array(UInt32(0)...0x1F) + Array(0x7F...0x9F) {
            let printed = Printable.line("\(Unicode.Scalar(value)!)")
            #expect(printed.hasPrefix("\\") && printed.utf8.allSatisfy { (0x20...0x7E).contains($0) }, "\(printed)")
        }
    }
}

@Suite("A name") struct NameErrorTests {
    private static func fault(_ bytes: [UInt8]) -> NameError? {
        do throws(NameError) {
            try NameError.check(bytes)
            return nil
        } catch {
            return error
        }
    }

    @Test("that can be typed as one word is good", arguments: ["a", "echo", "a-b_c.d", "é", "日本", "#$*|;", "a/b"])
    func good(name: String) {
        #expect(Self.fault(Array(name.utf8)) == nil)
    }

    @Test("has 1 to 255 bytes")
    func length() {
        #expect(Self.fault([]) == .empty)
        #expect(Self.fault(Array(repeating: 0x61, count: 255)) == nil)
        #expect(Self.fault(Array(repeating: 0x61, count: 256)) == .tooLong(256))
    }

    @Test("has no space, control character, quote or backslash", arguments: Array(0...0x20) + [0x22, 0x27, 0x5C, 0x7F])
    func character(byte: UInt8) {
        #expect(Self.fault([0x61, byte]) == .hasCharacter(byte))
    }

    @Test("has no control character of two bytes")
    func twoByteControl() {
        #expect(Self.fault(Array("a\u{9B}".utf8)) == .hasCharacter(0xC2))
        #expect(Self.fault(Array("a\u{A0}".utf8)) == nil)
    }

    @Test("is UTF-8", arguments: [[0xFF], [0xC3], [0x61, 0x80], [0xED, 0xA0, 0x80]] as [[UInt8]])
    func notUTF8(bytes: [UInt8]) {
        #expect(Self.fault(bytes) == .notUTF8)
    }
}
