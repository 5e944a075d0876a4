import FastDaemonClient
import FastDaemonProtocol
import Testing

@Suite("Taking a record apart while it arrives")
struct RecordSplitterTests {
    private struct Strings: Equatable {
        var first: [UInt8] = []
        var second: [UInt8] = []
    }

    /// Splits `pieces` one after the other.
    private func split(_ pieces: [[UInt8]]) throws -> (strings: Strings, splitter: RecordSplitter, left: Int) {
        var splitter = RecordSplitter()
        var strings = Strings()
        var left = 0
        for piece in pieces {
            var offset = 0
            while let (part, range) = try splitter.next(in: piece.span.bytes, at: &offset) {
                if part == .first {
                    strings.first += piece[range]
                } else {
                    strings.second += piece[range]
                }
            }
            left = piece.count - offset
        }
        return (strings, splitter, left)
    }

    private let bytes: [UInt8] = [0, 0, 0, 3, 1, 2, 3, 0, 0, 0, 2, 4, 5]

    @Test("every split of a record into three gives the same strings")
    func everySplit() throws {
        for one in 0...bytes.count {
            for two in one...bytes.count {
                let (strings, splitter, left) = try split([
                    Array(bytes[..<one]), Array(bytes[one..<two]), Array(bytes[two...]),
                ])
                #expect(strings == Strings(first: [1, 2, 3], second: [4, 5]))
                #expect(splitter.isComplete && splitter.received == bytes.count && left == 0)
            }
        }
    }

    @Test("two empty strings are a record")
    func empty() throws {
        let (strings, splitter, _) = try split([[UInt8](repeating: 0, count: 8)])
        #expect(strings == Strings())
        #expect(splitter.isComplete)
    }

    @Test("what follows a record is left alone")
    func rest() throws {
        let (_, splitter, left) = try split([bytes + [9, 9]])
        #expect(splitter.isComplete)
        #expect(left == 2)
    }

    @Test("every end inside a record is an error, the end after it is none")
    func ends() throws {
        for count in bytes.indices {
            let (_, splitter, _) = try split([Array(bytes[..<count])])
            #expect(!splitter.isComplete)
            let error = #expect(throws: ClientError.self) { try splitter.finish() }
            #expect(error?.code == .endedEarly)
        }
        try split([bytes]).splitter.finish()
    }

    @Test("the error of an end says what came")
    func texts() throws {
        let texts = [
            0: "the daemon hung up without a reply; its log says why",
            2: "the reply ended early: 2 bytes came, with nothing of its first string",
            5: "the reply ended early: 5 bytes came, with 1 of 3 bytes of its first string",
            7: "the reply ended early: 7 bytes came, with nothing of its second string",
            12: "the reply ended early: 12 bytes came, with 1 of 2 bytes of its second string",
        ]
        for (count, text) in texts {
            let (_, splitter, _) = try split([Array(bytes[..<count])])
            let error = #expect(throws: ClientError.self) { try splitter.finish() }
            #expect(error?.description == text)
        }
    }

    @Test("a count that is text is another protocol; the largest below it is not", arguments: ["HTTP", "SSH-", "    "])
    func text(_ text: String) throws {
        let error = #expect(throws: ClientError.self) { try split([Array(text.utf8)]) }
        #expect(error?.code == .notTheProtocol)
        #expect(try split([[0x1f, 0xff, 0xff, 0xff]]).splitter.isComplete == false)
    }
}
