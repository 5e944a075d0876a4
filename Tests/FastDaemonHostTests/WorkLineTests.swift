import Testing

@testable import FastDaemonHost

@Suite("The work of a pool") struct WorkLineTests {
    @Test("waits for its own kind to end, in order, and takes no place of the other's")
    func kinds() {
        var line = WorkLine<String>(limit: 2)
        #expect(!line.hasNext)
        for number in 1...4 { line.append("f\(number)", isPlugins: true) }
        for number in 1...3 { line.append("j\(number)", isPlugins: false) }
        #expect(line.hasNext)
        #expect((0..<4).map { _ in line.next() } == ["j1", "j2", "f1", "f2"], "jobs go first")
        #expect(!line.hasNext)
        #expect(line.next() == nil)
        line.noteEnd(isPlugins: true)
        #expect(line.hasNext)
        #expect(line.next() == "f3")
        #expect(!line.hasNext)
        line.noteEnd(isPlugins: false)
        line.noteEnd(isPlugins: true)
        #expect(line.next() == "j3")
        #expect(line.next() == "f4")
        #expect(line.next() == nil)
        for isPlugins in [true, true, false, false] { line.noteEnd(isPlugins: isPlugins) }
        line.append("f5", isPlugins: true)
        #expect(line.next() == "f5")
    }

    @Test("a job that is stuck leaves its place to another")
    func stuck() {
        var line = WorkLine<Int>(limit: 1)
        for job in 1...3 { line.append(job, isPlugins: false) }
        #expect(line.next() == 1)
        #expect(!line.hasNext)
        line.stuck += 1
        #expect(line.mostThreads == 3)
        #expect(line.hasNext)
        #expect(line.next() == 2)
        #expect(line.next() == nil)
        line.noteEnd(isPlugins: false)
        line.stuck -= 1
        #expect(line.next() == nil, "the one that came back took its place")
        line.noteEnd(isPlugins: false)
        #expect(line.next() == 3)
        #expect(line.mostThreads == 2)
    }

    @Test("more may run at once when the limit is raised, and less when it is lowered")
    func limit() {
        var line = WorkLine<Int>(limit: 1)
        for job in 1...4 { line.append(job, isPlugins: false) }
        #expect(line.next() == 1)
        line.limit = 3
        #expect(line.next() == 2)
        #expect(line.next() == 3)
        line.limit = 1
        for _ in 0..<2 { line.noteEnd(isPlugins: false) }
        #expect(!line.hasNext)
        line.noteEnd(isPlugins: false)
        #expect(line.next() == 4)
    }
}
