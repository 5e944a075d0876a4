import FastDaemonProtocol
import Testing

@Suite("Splitting a command line")
struct CommandLineTests {
    @Test(
        "Words, quotes and backslashes are the shell's",
        arguments: [
            ("echo hello world", ["echo", "hello", "world"]),
            (" \t\necho \t\n hi\n", ["echo", "hi"]),
            ("echo 'a  b' \"c\td\"", ["echo", "a  b", "c\td"]),
            ("echo '' \"\"", ["echo", "", ""]),
            ("a'b'\"c\"\\d", ["abcd"]),
            ("echo it\\'s 'it'\\''s' \"it's\"", ["echo", "it's", "it's", "it's"]),
            ("a\\ b c\\\td", ["a b", "c\td"]),
            ("'a\\b\"$`'", ["a\\b\"$`"]),
            ("\"\\$\\`\\\"\\\\\"", ["$`\"\\"]),
            ("\"\\a\\'\\ \"", ["\\a\\'\\ "]),
            ("echo a\\\nb \\\n c", ["echo", "ab", "c"]),
            ("\\\n \\\n\\\necho", ["echo"]),
            ("\"a\\\nb\" 'a\\\nb'", ["ab", "a\\\nb"]),
            ("''\\\n a\\\n", ["", "a"]),
            ("é \"漢 字\" 😀", ["é", "漢 字", "😀"]),
        ])
    func shellRules(line: String, words: [String]) throws {
        #expect(try split(line) == words)
    }

    @Test("Nothing is expanded, and nothing but quotes, backslash and blanks is special")
    func nothingElseIsSpecial() throws {
        let line = "echo $HOME ${x} $(ls) `ls` * ? [a] ~ # a;b|c&d <e >f (g) {h,i} !j x=1 %k"
        #expect(try split(line) == line.split(separator: " ").map(String.init))
        #expect(try split("echo \"$HOME `ls` *\"") == ["echo", "$HOME `ls` *"])
    }

    @Test("Blanks of other scripts, and control characters, are parts of words")
    func otherBlanks() throws {
        #expect(try split("a\u{A0}b\u{3000}c\rd\u{B}e") == ["a\u{A0}b\u{3000}c\rd\u{B}e"])
    }

    @Test(
        "What has no words, or does not end, is an error that says where",
        arguments: [
            ("", .empty), (" \t\n", .empty), ("\\\n", .empty), (" \\\n ", .empty),
            ("echo 'a", .unclosedQuote(at: 5, quote: UInt8(ascii: "'"))),
            ("'a' '", .unclosedQuote(at: 4, quote: UInt8(ascii: "'"))),
            ("é \"a", .unclosedQuote(at: 3, quote: UInt8(ascii: "\""))),
            ("\"a\\", .unclosedQuote(at: 0, quote: UInt8(ascii: "\""))),
            ("\"a\\\"", .unclosedQuote(at: 0, quote: UInt8(ascii: "\""))),
            ("echo \\", .trailingBackslash), ("\\", .trailingBackslash), ("a\\\n\\", .trailingBackslash),
            ("\0", .containsNUL(at: 0)), ("echo a\0", .containsNUL(at: 6)), ("'\0", .containsNUL(at: 1)),
            ("echo 0123456 \\\0 \0", .containsNUL(at: 14)),
        ] as [(String, CommandLineError)])
    func errors(line: String, error: CommandLineError) {
        #expect(throws: error) { try split(line) }
    }

    @Test("Each error has a text of its own that says what to do")
    func texts() {
        let texts: [(CommandLineError, String)] = [
            (.empty, "the command line is empty: its first word has to name a command"),
            (
                .unclosedQuote(at: 5, quote: UInt8(ascii: "'")),
                "the quote ' at byte offset 5 of the command line does not close: close it, or put a backslash before it"
            ),
            (
                .trailingBackslash,
                "the command line ends in a backslash that quotes nothing: for the backslash itself, write two"
            ),
            (.containsNUL(at: 3), "the command line has a NUL at byte offset 3: words cannot have one"),
        ]
        for (error, text) in texts { #expect("\(error)" == text) }
    }

    @Test("Each byte is special, or is not, at every place in a line", arguments: 0..<20)
    func everyPlace(place: Int) throws {
        for byte in UInt8(1) ... .max {
            var line = [UInt8](repeating: 0x61, count: 20)
            line[place] = byte
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"):
                #expect(
                    try split(line) == [line[..<place], line[(place + 1)...]].filter { !$0.isEmpty }.map(Array.init))
            case UInt8(ascii: "'"), UInt8(ascii: "\""):
                #expect(throws: CommandLineError.unclosedQuote(at: place, quote: byte)) { try split(line) }
            case UInt8(ascii: "\\") where place == 19:
                #expect(throws: CommandLineError.trailingBackslash) { try split(line) }
            case UInt8(ascii: "\\"):
                #expect(try split(line) == [Array(repeating: 0x61, count: 19)])
            default:
                #expect(try split(line) == [line])
            }
        }
    }

    @Test("Words stand in one buffer, each with a NUL after it, and the buffer is used again")
    func flatBuffer() throws {
        var words = Words()
        #expect(words.count == 0)
        let long = Array("a 'b c' \"\" d".utf8)
        try words.split(long.span.bytes)
        #expect(words.bytes == Array("a\0b c\0\0d\0".utf8))
        #expect((0..<words.count).map { words[$0] } == [0..<1, 2..<5, 6..<6, 7..<8])
        #expect(words.withUnsafeBytes { Array($0) } == words.bytes)

        let capacity = words.bytes.capacity
        let short = Array("ab".utf8)
        try words.split(short.span.bytes)
        #expect(words.arrays == [short])
        #expect(words.bytes.capacity == capacity)
    }

    @Test("After an error there are no words")
    func noWordsAfterAnError() throws {
        var words = Words()
        for wrong in ["a 'b", "", "a\0", "a b \\"] {
            try words.splitAtSpaces(Array("x y".utf8).span.bytes)
            #expect(words.count == 2)
            #expect(throws: CommandLineError.self) { try words.split(Array(wrong.utf8).span.bytes) }
            #expect(words.count == 0)
            #expect(words.bytes.isEmpty)
        }
    }

    @Test(
        "The words of a line in which nothing is quoted are copied as they stand",
        arguments: [
            ("echo hi", ["echo", "hi"]), ("echo", ["echo"]), ("  \techo\thi \n", ["echo", "hi"]), ("é x", ["é", "x"]),
            ("averylongcommandname\nx  y]^_`{|}~\u{7F}", ["averylongcommandname", "x", "y]^_`{|}~\u{7F}"]), ("", []),
            ("   ", []), ("!#$%&()*+,-./:;<=>?@[", ["!#$%&()*+,-./:;<=>?@["]),
        ])
    func plain(line: String, words: [String]) {
        #expect(splitPlain(Array(line.utf8)) == words.map { Array($0.utf8) })
    }

    @Test(
        "A line in which something is quoted is not plain",
        arguments: [
            "echo 'a'", "'echo' hi", "ec\"ho\" hi", "ec\\ho", "echo'' hi", "echo\\\n hi", "\\\necho x", "echo \0", "\0",
            "'",
        ])
    func notPlain(line: String) {
        #expect(splitPlain(Array(line.utf8)) == nil)
    }
}

@Suite("Splitting a classic command line")
struct ClassicCommandLineTests {
    private func splitAtSpaces(_ line: String) throws -> [String] {
        var words = Words()
        try words.splitAtSpaces(Array(line.utf8).span.bytes)
        return words.arrays.map { String(decoding: $0, as: UTF8.self) }
    }

    @Test(
        "Words are what stands between single spaces, without any quoting",
        arguments: [
            ("echo hello world", ["echo", "hello", "world"]), ("echo", ["echo"]), ("a  b", ["a", "", "b"]),
            (" ", ["", ""]), (" a ", ["", "a", ""]), ("a\tb\nc", ["a\tb\nc"]), ("'a b' \"c\\", ["'a", "b'", "\"c\\"]),
            ("a-word-of-more-than-eight-bytes é", ["a-word-of-more-than-eight-bytes", "é"]), ("", []),
        ])
    func likePython(line: String, words: [String]) throws {
        #expect(try splitAtSpaces(line) == words)
    }

    @Test("A NUL is an error here too")
    func nul() {
        #expect(throws: CommandLineError.containsNUL(at: 9)) { try splitAtSpaces("some word\0") }
    }
}
