import FastDaemonHost
import Testing

@testable import FastDaemonServer

@Suite("The words of the daemon command") struct SubcommandTests {
    private static let subcommand = Subcommand(
        name: "x", summary: "", options: [.json, .watch, .name], changes: true
    ) { _, _ in .text(.output("")) }

    @Test("are understood in any order")
    func words() throws {
        let words = try SubcommandWords(["--watch=2.5", "echo", "--json"], for: Self.subcommand)
        #expect(words.interval == 2.5 && words.name == "echo" && words.isJSON)
        #expect(try SubcommandWords(["--watch"], for: Self.subcommand).interval == 1)
        #expect(try SubcommandWords([], for: Self.subcommand).interval == nil)
    }

    @Test(
        "are refused where they mean nothing",
        arguments: [
            ["--jso"], ["a", "b"], ["--watch="], ["--watch=0"], ["--watch=nan"], ["--watch=1e9"], ["--watch=x"],
        ])
    func wrong(words: [String]) {
        #expect(throws: SubcommandWords.Fault.self) { try SubcommandWords(words, for: Self.subcommand) }
        #expect(throws: SubcommandWords.Fault.self) { try SubcommandWords(["--json"], for: .ping) }
    }

    @Test("that change something are for root and the daemon's user, on a Unix stream socket only")
    func permission() throws {
        func status(_ transport: UInt32, _ user: UInt32) throws -> Int32? {
            let request = BuiltInRequest(
                words: [], caller: Caller(transport: transport, user: user), isSession: true)
            return DaemonCommand.refusal(
                of: request, Self.subcommand, try SubcommandWords([], for: Self.subcommand), user: 1000)?.status
        }
        #expect(try status(1, 0) == nil)
        #expect(try status(1, 1000) == nil)
        #expect(try status(1, 1001) == 77)
        #expect(try status(1, .max) == 77)
        for transport in 2...4 as ClosedRange<UInt32> { #expect(try status(transport, 1000) == 77) }
    }

    @Test("are painted over what stood there, as far as the screen goes")
    func painting() {
        #expect(Watch.painted("a\nbc\n", columns: 0, rows: 0) == "\u{1B}[Ha\u{1B}[K\nbc\u{1B}[K\n\u{1B}[J")
        #expect(Watch.painted("abc\nd\ne\n", columns: 2, rows: 3) == "\u{1B}[Hab\u{1B}[K\nd\u{1B}[K\n\u{1B}[J")
    }
}

@Suite("Lines that wait for a reader") struct LineQueueTests {
    @Test("come in order, all at once")
    func order() {
        var queue = LineQueue(isJSON: false)
        let first = queue.take()
        let isFirst = ["a\n", "b\n"].map { queue.offer($0) }
        let taken = [queue.take(), queue.take()]
        #expect(first == nil && isFirst == [true, false])
        #expect(taken == [Array("a\nb\n".utf8), nil])
    }

    @Test("are bounded, and those that are lost are counted where they are missing")
    func bound() {
        var queue = LineQueue(isJSON: true)
        let line = String(repeating: "x", count: LineQueue.room / 2 - 1) + "\n"
        for _ in 0..<5 { _ = queue.offer(line) }
        _ = queue.offer("y\n")
        let taken = queue.take()
        #expect(taken == Array((line + line + "{\"lost\":4}\n").utf8))
        _ = queue.offer("z\n")
        let rest = queue.take()
        #expect(rest == Array("z\n".utf8))
    }
}
