import Testing

@testable import FastDaemonPipeline

@Suite("Splitting bytes into lines")
struct LineSplitterTests {
    struct Sample: CustomTestStringConvertible {
        let input: String
        let lines: [String]
        var fails = false
        var testDescription: String { input.debugDescription }
    }

    /// With at most 4 bytes a line.
    static let samples = [
        Sample(input: "", lines: []),
        Sample(input: "\n", lines: [""]),
        Sample(input: "\r\n", lines: [""]),
        Sample(input: "\n\n\r\n", lines: ["", "", ""]),
        Sample(input: "ab\ncd\n", lines: ["ab", "cd"]),
        Sample(input: "ab\r\ncd\r\n", lines: ["ab", "cd"]),
        Sample(input: "ab\ncd", lines: ["ab", "cd"]),
        Sample(input: "ab\r", lines: ["ab\r"]),
        Sample(input: "\r", lines: ["\r"]),
        Sample(input: "a\rb\n", lines: ["a\rb"]),
        Sample(input: "a\r\r\n", lines: ["a\r"]),
        Sample(input: "ab\n\n", lines: ["ab", ""]),
        Sample(input: "abcd\nabcd\r\nabcd", lines: ["abcd", "abcd", "abcd"]),
        Sample(input: "ab\nabcde\nab\n", lines: ["ab"], fails: true),
        Sample(input: "ab\nabcde", lines: ["ab"], fails: true),
        Sample(input: "abcde", lines: [], fails: true),
        Sample(input: "abcd\r", lines: [], fails: true),
        Sample(input: "abcd\r\r\n", lines: [], fails: true),
        Sample(input: "é\nÅ\n", lines: ["é", "Å"]),
    ]

    @Test("Every way to cut the bytes into chunks gives the same lines, and the same error", arguments: samples)
    func everySplit(_ sample: Sample) throws {
        let bytes = Array(sample.input.utf8)
        // Each bit says whether there is a cut after that byte.
        for cuts in 0..<(1 << max(0, bytes.count - 1)) {
            var chunks: [ArraySlice<UInt8>] = []
            var start = 0
            for end in 1...max(1, bytes.count) where end == bytes.count || cuts & (1 << (end - 1)) != 0 {
                chunks.append(bytes[start..<end])
                start = end
            }
            let (lines, error) = split(chunks)
            try #require(lines == sample.lines.map { Array($0.utf8) }, "cut as \(chunks.map(Array.init))")
            try #require(error == (sample.fails ? LineTooLongError(maxLength: 4) : nil))
        }
    }

    private func split(_ chunks: [ArraySlice<UInt8>]) -> (lines: [[UInt8]], error: LineTooLongError?) {
        var splitter = LineSplitter(maxLength: 4)
        var lines: [[UInt8]] = []
        do {
            for chunk in chunks {
                splitter.append(chunk)
                while let line = try splitter.nextLine() { lines.append(line) }
            }
            if let line = try splitter.lastLine() { lines.append(line) }
            return (lines, nil)
        } catch {
            return (lines, error)
        }
    }

    @Test("A line that is too long is an error before its end has come")
    func tooLongEarly() throws {
        var splitter = LineSplitter(maxLength: 4)
        splitter.append(Array("abcd".utf8))
        #expect(try splitter.nextLine() == nil)
        splitter.append(Array("e".utf8))
        #expect(throws: LineTooLongError(maxLength: 4)) { try splitter.nextLine() }
    }

    @Test("The error says what the limit was")
    func errorText() {
        #expect(
            LineTooLongError(maxLength: 80).description
                == "a line is longer than 80 bytes; send shorter lines, or raise the limit")
    }
}
