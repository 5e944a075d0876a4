import FastDaemonProtocol
import Foundation
import Testing

@Suite("The published vectors of sessions")
struct SessionVectorTests {
    @Test("There are files of each kind, and every line of them is of the form that the page says")
    func files() {
        let counts = Dictionary(grouping: SessionVector.all, by: \.file).mapValues(\.count)
        #expect(
            counts.keys.sorted() == [
                "client-violations", "example", "input", "output", "requests", "server-violations", "signals",
                "verdicts", "versions",
            ])
        #expect(counts.values.allSatisfy { $0 > 0 })
        for vector in SessionVector.all {
            #expect(!vector.title.isEmpty)
            #expect(!vector.file.hasSuffix("violations") || vector.violation != nil, "\(vector.title)")
        }
    }

    @Test(
        "Each frame means what is written beside it, or is the violation that is written below",
        arguments: SessionVector.all)
    func meanings(vector: SessionVector) {
        var transcript = SessionTranscript()
        var error: SessionError?
        for step in vector.steps {
            switch step {
            case .frame(let side, let bytes, let meaning):
                if side == .client, bytes[0] == 0x07 { transcript.noteInput(byteCount: bytes.count - 4) }
                let items = transcript.send(bytes, by: side)
                if error == nil { error = transcript.firstError }
                guard let meaning else { continue }
                #expect(items.map(\.meaning) == (meaning == "skipped" ? [] : [meaning]))
            case .violation(let text):
                #expect(error.map { "\($0)" } == text)
            }
        }
        #expect((error == nil) == (vector.violation == nil), "\(String(describing: error))")
        #expect(transcript.broken == nil)
    }

    @Test("Wherever what a side sends is cut in two, and byte by byte, it means the same", arguments: SessionVector.all)
    func everyCut(vector: SessionVector) {
        let whole = SessionTranscript.playing(vector) { [$1[...]] }
        let longest = vector.turns.map(\.bytes.count).max() ?? 0
        for cut in 1...longest {
            let two = SessionTranscript.playing(vector) { [$1.prefix(cut), $1.dropFirst(cut)] }
            #expect(two.logs == whole.logs, "cut at \(cut)")
            #expect(two.firstError == whole.firstError)
            #expect(two.broken == nil)
        }
        for size in [1, 2, 3, 5, 7] {
            let pieces = SessionTranscript.playing(vector) { _, bytes in
                stride(from: 0, to: bytes.count, by: size).map { bytes[$0...].prefix(size) }
            }
            #expect(pieces.logs == whole.logs, "pieces of \(size)")
            #expect(pieces.firstError == whole.firstError)
            #expect(pieces.broken == nil)
        }
    }

    @Test(
        "Frames of this version encode to the bytes that they came from",
        arguments: SessionVector.all.filter { $0.file != "versions" })
    func encode(vector: SessionVector) {
        for case .frame(let side, let bytes, .some) in vector.steps {
            // A decoder wants to see a session, so the frame comes at the end of one.
            var reader = SessionReader(from: side, allowance: 1 << 20)
            if bytes[0] != 0xFD { reader.append(SessionBytes.beginning(of: side, before: bytes[0])) }
            let before = reader.log.items.count
            reader.append(bytes)
            #expect(reader.log.error == nil)
            #expect(reader.log.items.dropFirst(before).flatMap { SessionBytes.encode($0) } == bytes)
        }
    }

    @Test("The example is the one of the page")
    func example() throws {
        let page = try String(
            contentsOf: SessionVector.sources.appending(path: "Documentation.docc/SessionProtocol.md"), encoding: .utf8)
        let section = try #require(page.components(separatedBy: "\n## Example\n").dropFirst().first)
        let blocks = section.components(separatedBy: "```")
        let vector = try #require(SessionVector.all.first { $0.file == "example" })
        for (side, block) in zip([SessionSide.client, .server], [blocks[1], blocks[3]]) {
            let bytes = block.split(separator: "\n").flatMap { SessionVector.hexadecimal($0) }
            #expect(bytes == vector.bytes(of: side))
        }
    }

    @Test("Vectors and damaged vectors keep the invariants (FASTDAEMON_TEST_SEED repeats a run)")
    func damaged() {
        var generator = Generator(seed: seed)
        for vector in SessionVector.all {
            for (side, allowance) in [(SessionSide.client, 3), (.server, 1000)] {
                var bytes = vector.bytes(of: side)
                for round in 0..<20 where !bytes.isEmpty {
                    let broken = brokenSessionInvariant(
                        of: bytes, from: side, requestLimit: 1 << 20, allowance: allowance,
                        pieceSizes: [1, generator.int(2...9), generator.int(10...60)])
                    #expect(broken == nil, "seed \(seed), round \(round), \(vector.testDescription): \(bytes)")
                    bytes[generator.int(0...bytes.count - 1)] = UInt8.random(in: 0 ... .max, using: &generator)
                }
            }
        }
    }
}
