import FastDaemonProtocol
import Foundation
import Testing

@Suite("The shell of this machine (FASTDAEMON_TEST_SEED repeats a run)")
struct ShellTests {
    /// Prints for each argument how many words the shell makes of it, and each of them, or that it makes none, all of
    /// them followed by NULs. A subshell each, because a line that the shell cannot read ends the shell.
    private static let script = """
        set -f
        for line do
            (eval "set -- $line" && printf '%s\\0' "$#" "$@") 2>/dev/null || printf 'unreadable\\0'
        done
        """

    /// What `/bin/sh` splits each of `lines` into; `nil` for a line that it cannot read.
    private func splitByShell(_ lines: [String]) throws -> [[String]?] {
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        shell.arguments = ["-c", Self.script, "sh"] + lines
        shell.environment = ["LC_ALL": "C"]
        let output = Pipe()
        shell.standardOutput = output
        try shell.run()
        let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
        shell.waitUntilExit()
        try #require(shell.terminationStatus == 0)

        var fields = bytes.split(separator: 0, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }[...]
        return try lines.map { _ in
            let head = fields.popFirst()
            guard let count = Int(try #require(head)) else { return nil }
            defer { fields.removeFirst(count) }
            return Array(fields.prefix(count))
        }
    }

    @Test("It splits generated lines into the same words")
    func sameWords() throws {
        var generator = Generator(seed: seed)
        var lines: [String] = []
        while lines.count < 600 {
            let line = lines.count % 2 == 0 ? wellFormedLine(&generator) : anyLine(&generator)
            // POSIX leaves open what a backslash at the very end means: the shell keeps it, and here it is an error.
            do { _ = try split(line) } catch CommandLineError.trailingBackslash { continue } catch {}
            lines.append(line)
        }

        var unreadable = 0
        for (line, words) in zip(lines, try splitByShell(lines)) {
            do throws(CommandLineError) {
                #expect(try split(line) == words, "seed \(seed): \(line.debugDescription)")
            } catch .empty {
                #expect(words == [], "seed \(seed): \(line.debugDescription)")
            } catch {
                #expect(words == nil, "seed \(seed): \(error) in \(line.debugDescription)")
                unreadable += 1
            }
        }
        #expect((1..<300).contains(unreadable), "seed \(seed)")
    }

    @Test("It takes a joined line apart into the words that were joined")
    func joinedWords() throws {
        var generator = Generator(seed: seed)
        // Quoting leaves alone what only a shell expands, so that none of it may be here.
        let elements = ["a", "Z", "-", "é", "Á", "漢", "😀", "'", "\"", "\\", " ", "\t", "\n", "=", "/", "%"]
        let words = (0..<200).map { _ in (0..<4).map { _ in generator.text(of: elements, most: 6) } }
        let lines = words.map { words in
            String(decoding: Quoting.join(words.map { Array($0.utf8) }), as: UTF8.self)
        }
        for (words, wordsOfShell) in zip(words, try splitByShell(lines)) {
            #expect(wordsOfShell == words, "seed \(seed)")
        }
    }

    // MARK: - Lines

    // Nothing that the shell expands, or that ends a command, stands outside quotes in these.
    private static let plain = ["a", "b", "-", "=", "/", ".", "%", "*", "?", "[", "]", "{", "}", "!", "é", "Á", "漢"]
    private static let literal = plain + ["#", "$", "`", ";", "|", "&", "<", ">", "(", ")", "~", " ", "\t", "\n", "\\"]

    private func wellFormedLine(_ generator: inout Generator) -> String {
        (0..<generator.int(0...8)).map { _ in
            switch generator.int(0...4) {
            case 0: [" ", "\t", "  ", " \t "].randomElement(using: &generator)!
            case 1: "'" + generator.text(of: Self.literal + ["\""], most: 6) + "'"
            case 2: "\"" + generator.text(of: Self.inDoubleQuotes, most: 6) + "\""
            case 3: "\\" + (Self.literal + ["\"", "'"]).randomElement(using: &generator)!
            default: generator.text(of: Self.plain, most: 5)
            }
        }.joined()
    }

    private static let inDoubleQuotes =
        literal.filter { !["$", "`", "\\"].contains($0) } + [
            "'", "\\$", "\\`", "\\\"", "\\\\", "\\\n", "\\a", "\\'", "\\ ",
        ]

    private func anyLine(_ generator: inout Generator) -> String {
        generator.text(of: ["a", "b", "é", " ", "\t", "'", "\"", "\\", "\\", "''", "\"\""], most: 12)
    }
}
