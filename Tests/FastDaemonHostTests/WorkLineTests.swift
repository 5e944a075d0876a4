import Testing

@testable import FastDaemonHost

@Suite("The work of a pool") struct WorkLineTests {
    @Test("waits for its own kind to end, in order, and takes no place of the other's")
    func kinds() {
        var line = WorkLine<String>(limit: 2)
        #expect(line.mayRun("f1", isPlugins: true) == true)
        #expect(line.mayRun("f2", isPlugins: true) == true)
        #expect(line.mayRun("f3", isPlugins: true) == false)
        #expect(line.mayRun("f4", isPlugins: true) == false)
        #expect(line.mayRun("j1", isPlugins: false) == true)
        #expect(line.mayRun("j2", isPlugins: false) == true)
        #expect(line.mayRun("j3", isPlugins: false) == false)
        #expect(line.next() == nil)
        #expect(line.running == 4)
        line.noteEnd(isPlugins: true)
        #expect(line.next() == "f3")
        line.noteEnd(isPlugins: false)
        line.noteEnd(isPlugins: true)
        #expect(line.next() == "j3", "jobs go first")
        #expect(line.next() == "f4")
        #expect(line.next() == nil)
        for isPlugins in [true, true, false, false] { line.noteEnd(isPlugins: isPlugins) }
        #expect(line.running == 0)
    }

    @Test("a job that is stuck leaves its place to another")
    func stuck() {
        var line = WorkLine<Int>(limit: 1)
        #expect(line.mayRun(1, isPlugins: false) == true)
        #expect(line.mayRun(2, isPlugins: false) == false)
        line.stuck += 1
        #expect(line.mostThreads == 3)
        #expect(line.next() == 2)
        #expect(line.mayRun(3, isPlugins: false) == false)
        line.noteEnd(isPlugins: false)
        line.stuck -= 1
        #expect(line.next() == nil, "the one that came back took its place")
        line.noteEnd(isPlugins: false)
        #expect(line.next() == 3)
        #expect(line.mostThreads == 2)
    }

    @Test("what found no thread waits until there is one")
    func putBack() {
        var line = WorkLine<Int>(limit: 1)
        #expect(line.mayRun(1, isPlugins: false) == true)
        line.putBack(1, isPlugins: false)
        #expect(line.running == 0)
        #expect(line.next() == 1)
    }
}
