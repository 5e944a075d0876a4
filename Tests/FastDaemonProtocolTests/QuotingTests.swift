import FastDaemonProtocol
import Testing

@Suite("Quoting words")
struct QuotingTests {
    @Test(
        "A word is quoted only where it must be",
        arguments: [
            ("echo", "echo"), ("--all=*.txt", "--all=*.txt"), ("$HOME;#|&<>()`~!{}[]?", "$HOME;#|&<>()`~!{}[]?"),
            ("é", "é"), ("", "''"), ("a b", "'a b'"), ("a\tb", "'a\tb'"), ("a\nb", "'a\nb'"), ("a\\b", "'a\\b'"),
            ("say \"hi\"", "'say \"hi\"'"), ("it's", "'it'\\''s'"), ("'", "''\\'''"), ("''", "''\\'''\\'''"),
        ])
    func quote(word: String, quoted: String) throws {
        #expect(String(decoding: Quoting.quote(Array(word.utf8)), as: UTF8.self) == quoted)
        #expect(try split(quoted) == [word])
    }

    @Test(
        "Words are joined by single spaces",
        arguments: [
            ([], ""), (["echo"], "echo"), (["echo", "hello", "world"], "echo hello world"),
            (["echo", "a b", "", "c"], "echo 'a b' '' c"),
        ])
    func join(words: [String], line: String) {
        #expect(String(decoding: Quoting.join(words.map { Array($0.utf8) }), as: UTF8.self) == line)
    }

    @Test("Each byte but NUL comes back from a word of its own, and from inside a word")
    func everyByte() throws {
        for byte in UInt8(1) ... .max {
            for word in [[byte], [0x61, byte], [byte, byte, 0x61]] {
                #expect(try split(Quoting.join([word, word])) == [word, word])
            }
        }
    }
}
