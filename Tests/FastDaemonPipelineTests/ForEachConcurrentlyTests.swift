import FastDaemonPipeline
import Testing

@Suite("Running a body for each element")
struct ForEachConcurrentlyTests {
    let executor = ManualExecutor()
    let input = Source<Int, any Error>()
    let gates = Gates(4)

    /// Runs a body that waits at the gate of its element.
    private func start(maxConcurrent: Int? = nil, sending elements: Range<Int>) -> Call {
        let call = Call(on: executor) { [input, gates] in
            try await input.forEachConcurrently(maxConcurrent: maxConcurrent) { await gates.wait(at: $0) }
        }
        elements.forEach(input.send)
        executor.run()
        return call
    }

    private func open(_ index: Int) {
        gates.open(index)
        executor.run()
    }

    @Test("All bodies run side by side where no bound is given")
    func unbounded() {
        let call = start(sending: 0..<4)
        #expect(gates.waiting == [0, 1, 2, 3])
        #expect(input.isWaitedFor)
        #expect(call.outcome == .running)
    }

    @Test("While the bound is reached, the input is not asked for another element")
    func bound() {
        let call = start(maxConcurrent: 2, sending: 0..<4)
        #expect(gates.waiting == [0, 1])
        #expect(input.asked == 2)
        open(1)
        #expect(gates.waiting == [0, 2])
        #expect(input.asked == 3)
        #expect(call.outcome == .running)
    }

    @Test("At the end of the input it waits for the bodies that run")
    func end() {
        let call = start(sending: 0..<2)
        input.end()
        open(0)
        #expect(call.outcome == .running)
        open(1)
        #expect(call.outcome == .returned)
    }

    @Test("An error of the input is thrown when the bodies that run have ended, undisturbed")
    func failure() {
        let call = start(sending: 0..<1)
        input.fail(TestFailure("input"))
        executor.run()
        #expect(call.outcome == .running)
        #expect(gates.cancelled == [])
        open(0)
        #expect(call.outcome == .failed(TestFailure("input")))
    }

    @Test("Cancelling cancels the bodies and the input, whether or not the bound is reached", arguments: [1, 2, nil])
    func cancel(maxConcurrent: Int?) {
        let call = start(maxConcurrent: maxConcurrent, sending: 0..<1)
        call.cancel()
        executor.run()
        #expect(gates.cancelled == [0])
        #expect(input.iterators == 0)
        #expect(call.outcome == .returned)
    }

    @Test("Each body runs on the executor of its element")
    func executors() {
        let executors = [ManualExecutor(), ManualExecutor()]
        let call = Call(on: executor) { [input, gates] in
            try await input.forEachConcurrently(on: { executors[$0] }) { await gates.wait(at: $0) }
        }
        input.send(0)
        input.send(1)
        input.end()
        executor.run()
        #expect(gates.reached == [])
        executors[1].run()
        #expect(gates.reached == [1])
        executors[0].run()
        #expect(gates.reached == [0, 1])
        for index in 0..<2 {
            gates.open(index)
            executors[index].run()
        }
        executor.run()
        #expect(call.outcome == .returned)
    }
}
