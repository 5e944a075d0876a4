import Foundation
import TestSupport
import Testing

@Suite("The timers of the benchmarks", .enabled(if: Compiler.c != nil, "cc is not installed"))
struct TimerTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test("there is a line for each command: its median, and that by the first one's")
    func lines() throws {
        let outcome = try timer("spawn_timer", "3", "true", "---", "sh", "-c", "true", "---", "true")
        let lines = outcome.outputText.split(separator: "\n").map { $0.split(separator: " ") }
        #expect(outcome.status == .exited(0))
        #expect(lines.map(\.last) == ["true", "sh", "true"])
        #expect(lines.first?.dropFirst().first == "1.000")
        #expect(lines.allSatisfy { Double($0[0])! > 0 })
    }

    @Test(
        "a command that fails, or is not there, ends the measurement",
        arguments: [["spawn_timer", "1"], ["bulk_timer", "1", "0.01"], ["first_byte_timer", "1"]])
    func failures(words: [String]) throws {
        let failed = try timer(words[0], words.dropFirst() + ["sh", "-c", "cat; exit 3"])
        #expect(failed.status == .exited(1))
        #expect(failed.errorText == "\(words[0]): sh: failed with wait status \(3 << 8)\n")
        let missing = try timer(words[0], words.dropFirst() + ["/no/such/program"])
        #expect(missing.status == .exited(1))
        #expect(missing.errorText == "\(words[0]): /no/such/program: No such file or directory\n")
    }

    @Test("bytes a second are those of a command that gives back all that it got")
    func bulk() throws {
        let copied = try timer("bulk_timer", "1", "0.05", "cat")
        #expect(copied.status == .exited(0))
        #expect(try #require(Double(copied.outputText.prefix { $0 != " " })) > 0)

        let lossy = try timer("bulk_timer", "1", "0.05", "sh", "-c", "head -c 1000; cat >/dev/null")
        #expect(lossy.status == .exited(1))
        #expect(lossy.errorText.hasSuffix(" bytes and gave back 1000\n"))
    }

    @Test("output that is held back is late by as much")
    func firstByte() throws {
        let program = try compiled("first_byte")
        let outcome = try timer(
            "first_byte_timer", "1", program, "---", "sh", "-c", "time=$(\(program)); echo $time")
        #expect(outcome.status == .exited(0))
        let latencies = outcome.outputText.split(separator: "\n").map { Double($0.prefix { $0 != " " }) ?? 0 }
        #expect(latencies.count == 2)
        #expect(latencies[0] > 0)
        // The program sleeps so long behind its output.
        #expect(latencies[1] >= 20_000)
    }

    @Test("output that is no time is no latency")
    func noTime() throws {
        let outcome = try timer("first_byte_timer", "1", "echo", "12 monkeys")
        #expect(outcome.status == .exited(1))
        #expect(outcome.errorText == "first_byte_timer: echo: what it printed is no time\n")
    }

    private func timer(_ name: String, _ arguments: String...) throws -> ProgramResult {
        try timer(name, arguments)
    }

    private func timer(_ name: String, _ arguments: some Sequence<String>) throws -> ProgramResult {
        try run(compiled(name), Array(arguments))
    }

    private func compiled(_ name: String) throws -> String {
        let program = folder.file(name)
        let fixtures = benchmarksFolder + "/../FixturePlugins"
        try Compiler.c?.run([
            "-O1", "-Wall", "-Wextra", "-Werror", "-I", Compiler.headerFolder, "-I", fixtures, "-o", program,
            "\(benchmarksFolder)/\(name).c",
        ])
        return program
    }
}
