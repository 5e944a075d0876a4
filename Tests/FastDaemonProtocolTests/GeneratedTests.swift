import FastDaemonProtocol
import Testing

@Suite("Generated inputs (FASTDAEMON_TEST_SEED repeats a run)")
struct GeneratedTests {
    private let texts = ["a", "echo ", "é", "漢", "😀", "\0", "\n", String(repeating: "long ", count: 20)]

    @Test("Streams of records, whole, damaged or cut, keep the invariants")
    func records() throws {
        var generator = Generator(seed: seed)
        for round in 0..<1500 {
            var bytes = try encode(
                (0..<generator.int(0...4)).map { _ in
                    Record(generator.text(of: texts, most: 4), generator.text(of: texts, most: 4))
                })
            if round % 3 == 1, !bytes.isEmpty {
                for _ in 0..<generator.int(1...3) {
                    bytes[generator.int(0...bytes.count - 1)] = UInt8.random(in: 0 ... .max, using: &generator)
                }
            }
            if round % 3 == 2 { bytes.removeLast(generator.int(0...bytes.count)) }
            let limit = generator.int(0...1000)
            let sizes = [1, generator.int(2...9), generator.int(10...100)]
            let broken = brokenRecordInvariant(of: bytes, limit: limit, pieceSizes: sizes)
            #expect(broken == nil, "seed \(seed), round \(round), limit \(limit): \(bytes)")
        }
    }

    @Test("Random bytes behind small counts keep the invariants")
    func garbage() {
        var generator = Generator(seed: seed)
        for round in 0..<1500 {
            let bytes = (0..<generator.int(0...40)).map { _ in
                Bool.random(using: &generator) ? 0 : UInt8.random(in: 0 ... .max, using: &generator) >> 3
            }
            let broken = brokenRecordInvariant(of: bytes, limit: 20, pieceSizes: [1, 2, 3, 7])
            #expect(broken == nil, "seed \(seed), round \(round): \(bytes)")
        }
    }

    @Test("Command lines of special characters keep the invariants")
    func commandLines() {
        var generator = Generator(seed: seed)
        let elements = ["a", "b", "'", "\"", "\\", " ", "\t", "\n", "$", "`", "é", "\0", "plain-word", "'q'", "\\\n"]
        for round in 0..<4000 {
            // A NUL ends it all at once, so that most lines must be without.
            let most = round % 8 == 0 ? elements : elements.filter { $0 != "\0" }
            let line = Array(generator.text(of: most, most: 20).utf8)
            let broken = brokenCommandLineInvariant(of: line)
            #expect(broken == nil, "seed \(seed), round \(round): \(line)")
        }
    }
}
