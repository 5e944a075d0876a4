import Testing

@testable import FastDaemonPipeline

@Suite("Lines of a sequence of chunks")
struct LinesTests {
    private func chunks(_ texts: String...) -> Source<[UInt8], any Error> {
        let source = Source<[UInt8], any Error>()
        for text in texts { source.send(Array(text.utf8)) }
        return source
    }

    @Test("Lines come out of chunks, as bytes and as strings")
    func lines() async throws {
        for wantsText in [true, false] {
            let source = chunks("one\ntw", "o\r", "\nthree", "\n\nlast")
            source.end()
            var received: [String] = []
            if wantsText {
                for try await line in source.textLines() { received.append(line) }
            } else {
                for try await line in source.lines() { received.append(String(decoding: line, as: UTF8.self)) }
            }
            #expect(received == ["one", "two", "three", "", "last"])
        }
    }

    @Test("Chunks may be slices of arrays")
    func slices() async throws {
        let bytes = Array("a\nb\n".utf8)
        let source = Source<ArraySlice<UInt8>, Never>(bytes[..<3], bytes[3...], endsAtOnce: true)
        var received: [[UInt8]] = []
        for try await line in source.lines() { received.append(line) }
        #expect(received == [Array("a".utf8), Array("b".utf8)])
    }

    @Test("A line is there before the next chunk is asked for")
    func noReadAhead() async throws {
        let source = chunks("one\ntwo\nthr")
        var lines = source.textLines().makeAsyncIterator()
        #expect(try await lines.next(isolation: #isolation) == "one")
        #expect(try await lines.next(isolation: #isolation) == "two")
        #expect(source.asked == 1)
    }

    @Test("A line over the limit ends the sequence with an error, after the lines before it")
    func tooLong() async throws {
        let source = chunks("ab\nabcde\nab\n")
        var lines = source.textLines(maxLength: 4).makeAsyncIterator()
        #expect(try await lines.next(isolation: #isolation) == "ab")
        await #expect(throws: LineTooLongError(maxLength: 4)) { try await lines.next(isolation: #isolation) }
        #expect(try await lines.next(isolation: #isolation) == nil)
        #expect(source.asked == 1)
    }

    @Test("An error of the chunks is thrown, and the beginning of a line before it is no line")
    func failure() async throws {
        let source = chunks("one\ntw")
        source.fail(TestFailure("reset"))
        var lines = source.lines().makeAsyncIterator()
        #expect(try await lines.next(isolation: #isolation) == Array("one".utf8))
        await #expect(throws: TestFailure("reset")) { try await lines.next(isolation: #isolation) }
        #expect(try await lines.next(isolation: #isolation) == nil)
    }

    @Test("Bytes that are not UTF-8 are mended in strings and kept in bytes")
    func notUTF8() async throws {
        let bytes: [UInt8] = [0x61, 0xFF, 0x0A]
        var text = Source<[UInt8], Never>(bytes, endsAtOnce: true).textLines().makeAsyncIterator()
        #expect(try await text.next(isolation: #isolation) == "a\u{FFFD}")
        var raw = Source<[UInt8], Never>(bytes, endsAtOnce: true).lines().makeAsyncIterator()
        #expect(try await raw.next(isolation: #isolation) == [0x61, 0xFF])
    }
}
