import FastDaemonPipeline
import Testing

@Suite("Concurrent maps that end early")
struct MapConcurrentlyEndingTests {
    let executor = ManualExecutor()
    let input = Source<Int, any Error>()
    let gates = Gates(4)

    /// A transform that waits at the gate of its element; 3 fails.
    private func map(_ order: ResultOrder, asking count: Int, sending elements: Int...) -> Consumer<Int> {
        let results = input.mapConcurrently(maxConcurrent: 4, order: order, on: executor) { [gates] in
            await gates.wait(at: $0)
            if $0 == 3 { throw TestFailure("transform") }
            return $0
        }
        let consumer = Consumer(of: results, on: executor)
        consumer.ask(count)
        elements.forEach(input.send)
        executor.run()
        return consumer
    }

    private func open(_ index: Int) {
        gates.open(index)
        executor.run()
    }

    @Test("An error of a transform cancels the others and the input, and is thrown")
    func transformFailure() {
        let consumer = map(.asCompleted, asking: 1, sending: 0, 3, 1)
        open(3)
        #expect(consumer.outcome == .failed(TestFailure("transform")))
        #expect(gates.cancelled == [0, 1])
        #expect(input.wasCancelled)
        #expect(input.iterators == 0)
    }

    @Test("Results that were ready are received before the error; in input order, those whose turn it was")
    func resultsBeforeFailure() {
        for (order, received) in [(ResultOrder.asCompleted, [0, 2]), (.inInputOrder, [0])] {
            let test = MapConcurrentlyEndingTests()
            let consumer = test.map(order, asking: 0, sending: 0, 1, 2, 3)
            test.open(0)
            test.open(2)
            test.open(3)
            consumer.ask(3)
            test.executor.run()
            #expect(consumer.received == received)
            #expect(consumer.outcome == .failed(TestFailure("transform")))
            #expect(test.gates.cancelled == [1])
        }
    }

    @Test(
        "An error of the input is thrown after the results of what came before it",
        arguments: [ResultOrder.asCompleted, .inInputOrder])
    func inputFailure(order: ResultOrder) {
        let consumer = map(order, asking: 3, sending: 0, 1)
        input.fail(TestFailure("input"))
        executor.run()
        #expect(consumer.outcome == .running)
        #expect(gates.cancelled == [])
        open(0)
        open(1)
        #expect(consumer.received == [0, 1])
        #expect(consumer.outcome == .failed(TestFailure("input")))
    }

    @Test("Cancelling the consumer cancels transforms and input; then it gets the end")
    func cancel() {
        let consumer = map(.inInputOrder, asking: 1, sending: 0, 1)
        consumer.cancel()
        executor.run()
        #expect(consumer.outcome == .ended)
        #expect(consumer.received == [])
        #expect(gates.cancelled == [0, 1])
        #expect(input.iterators == 0)
    }

    @Test("Cancelling while the bound is reached lets the input go")
    func cancelAtBound() {
        let consumer = map(.inInputOrder, asking: 1, sending: 0, 1, 2, 3)
        #expect(input.asked == 4)
        #expect(!input.isWaitedFor)
        consumer.cancel()
        executor.run()
        #expect(consumer.outcome == .ended)
        #expect(input.asked == 4)
        #expect(input.iterators == 0)
    }

    @Test(
        "Leaving the loop cancels what runs, also what is ready and waits",
        arguments: [ResultOrder.asCompleted, .inInputOrder])
    func leave(order: ResultOrder) {
        let consumer = map(order, asking: 1, sending: 0, 1, 2)
        open(0)
        open(2)
        consumer.leave()
        executor.run()
        #expect(consumer.received == [0])
        #expect(consumer.outcome == .left)
        #expect(gates.cancelled == [1])
        #expect(input.iterators == 0)
    }
}
