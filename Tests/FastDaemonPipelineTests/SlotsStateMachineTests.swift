import Testing

@testable import FastDaemonPipeline

@Suite("The rules of slots")
struct SlotsStateMachineTests {
    @Test("Slots are granted up to the limit; then the next one waits until one is released")
    func limit() {
        var machine = SlotsStateMachine<String>(limit: 2)
        #expect(machine.acquire("a") == .grant)
        #expect(machine.acquire("b") == .grant)
        #expect(machine.acquire("c") == .wait)
        #expect(machine.release() == "c")
        #expect(machine.acquire("d") == .wait)
    }

    @Test("A slot that nobody waits for is free for the next one")
    func release() {
        var machine = SlotsStateMachine<String>(limit: 1)
        #expect(machine.acquire("a") == .grant)
        #expect(machine.release() == nil)
        #expect(machine.acquire("b") == .grant)
    }

    @Test("After closing, who waits is refused, and so is everyone who comes")
    func close() {
        var machine = SlotsStateMachine<String>(limit: 1)
        #expect(machine.acquire("a") == .grant)
        #expect(machine.acquire("b") == .wait)
        #expect(machine.close() == "b")
        #expect(machine.release() == nil)
        #expect(machine.acquire("c") == .refuse)
    }

    @Test("A bound of none is a mistake of the program")
    func noSlots() async {
        await #expect(processExitsWith: .failure) { _ = Slots(limit: 0) }
    }
}
