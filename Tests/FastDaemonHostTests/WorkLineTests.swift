import Testing

@testable import FastDaemonHost

@Suite("The work of a pool") struct WorkLineTests {
    @Test("waits for its own kind to end, in order, and takes no place of the other's")
    func kinds() {
        var line = WorkLine<String, String>(limit: 2)
        #expect(!line.hasNext)
        for number in 1...4 { line.append("f\(number)", of: "p") }
        for number in 1...3 { line.append("j\(number)", of: nil) }
        #expect(line.hasNext)
        #expect((0..<4).map { _ in line.next() } == ["j1", "j2", "f1", "f2"], "jobs go first")
        #expect(!line.hasNext)
        #expect(line.next() == nil)
        line.noteEnd(of: "p")
        #expect(line.hasNext)
        #expect(line.next() == "f3")
        #expect(!line.hasNext)
        line.noteEnd(of: nil)
        line.noteEnd(of: "p")
        #expect(line.next() == "j3")
        #expect(line.next() == "f4")
        #expect(line.next() == nil)
        for plugin in ["p", "p", nil, nil] { line.noteEnd(of: plugin) }
        line.append("f5", of: "p")
        #expect(line.next() == "f5")
    }

    @Test("a job that is stuck leaves its place to another")
    func stuck() {
        var line = WorkLine<Int, String>(limit: 1)
        for job in 1...3 { line.append(job, of: nil) }
        #expect(line.next() == 1)
        #expect(!line.hasNext)
        line.stuck += 1
        #expect(line.mostThreads == 4)
        #expect(line.hasNext)
        #expect(line.next() == 2)
        #expect(line.next() == nil)
        line.noteEnd(of: nil)
        line.stuck -= 1
        #expect(line.next() == nil, "the one that came back took its place")
        line.noteEnd(of: nil)
        #expect(line.next() == 3)
        #expect(line.mostThreads == 3)
    }

    @Test("more may run at once when the limit is raised, and less when it is lowered")
    func limit() {
        var line = WorkLine<Int, String>(limit: 1)
        for job in 1...4 { line.append(job, of: nil) }
        #expect(line.next() == 1)
        line.limit = 3
        #expect(line.next() == 2)
        #expect(line.next() == 3)
        line.limit = 1
        for _ in 0..<2 { line.noteEnd(of: nil) }
        #expect(!line.hasNext)
        line.noteEnd(of: nil)
        #expect(line.next() == 4)
    }

    @Test("plugins have turns, and find a place of those that are kept however much another has handed over")
    func plugins() {
        var line = WorkLine<String, String>(limit: 16)
        for number in 1...20 { line.append("a\(number)", of: "a") }
        line.append("b1", of: "b")
        line.append("b2", of: "b")
        #expect((0..<4).map { _ in line.next() } == ["a1", "b1", "a2", "b2"])
        #expect((0..<12).map { _ in line.next() } == (3...14).map { "a\($0)" })
        #expect(!line.hasNext, "two more are kept")
        line.append("b3", of: "b")
        #expect(line.next() == nil, "of b something runs")
        line.append("c1", of: "c")
        line.append("c2", of: "c")
        line.append("d1", of: "d")
        line.append("e1", of: "e")
        #expect((0..<3).map { _ in line.next() } == ["c1", "d1", nil])
        line.noteEnd(of: "c")
        #expect(line.next() == "e1")
        line.noteEnd(of: "a")
        #expect(line.next() == "c2")
        for _ in 0..<2 { line.noteEnd(of: "a") }
        #expect(line.next() == nil, "sixteen run")
        line.noteEnd(of: "a")
        #expect(line.next() == "a15")
        line.noteEnd(of: "d")
        #expect(line.next() == "b3", "each in turn")
    }
}
