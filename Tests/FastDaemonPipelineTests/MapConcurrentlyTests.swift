import FastDaemonPipeline
import Testing

@Suite("Mapping concurrently")
struct MapConcurrentlyTests {
    let executor = ManualExecutor()
    let input = Source<Int, any Error>()
    let gates = Gates(6)

    /// A transform that waits at the gate of its element and makes a string of it.
    private func map(
        maxConcurrent: Int, _ order: ResultOrder, asking count: Int = 0, sending elements: Range<Int> = 0..<0
    ) -> Consumer<String> {
        let results = input.mapConcurrently(maxConcurrent: maxConcurrent, order: order, on: executor) { [gates] in
            await gates.wait(at: $0)
            return "\($0)"
        }
        let consumer = Consumer(of: results, on: executor)
        consumer.ask(count)
        elements.forEach(input.send)
        executor.run()
        return consumer
    }

    private func open(_ indices: Int...) {
        for index in indices {
            gates.open(index)
            executor.run()
        }
    }

    @Test("Results come as they are completed")
    func asCompleted() {
        let consumer = map(maxConcurrent: 3, .asCompleted, asking: 3, sending: 0..<3)
        open(2, 0, 1)
        #expect(consumer.received == ["2", "0", "1"])
    }

    @Test("In input order, results come in input order, whichever way they are completed")
    func inInputOrder() {
        let expected = (0..<4).map(String.init)
        for order in permutations(of: Array(0..<4)) {
            let test = MapConcurrentlyTests()
            let consumer = test.map(maxConcurrent: 4, .inInputOrder, asking: 4, sending: 0..<4)
            for index in order { test.open(index) }
            #expect(consumer.received == expected, "completed in the order \(order)")
        }
    }

    @Test("No more elements are worked on than the bound says", arguments: [ResultOrder.asCompleted, .inInputOrder])
    func bound(order: ResultOrder) {
        let consumer = map(maxConcurrent: 2, order, asking: 6, sending: 0..<6)
        #expect(gates.reached == [0, 1])
        open(0)
        #expect(gates.reached == [0, 1, 2])
        open(1)
        #expect(gates.waiting == [2, 3])
        #expect(consumer.outcome == .running)
    }

    @Test(
        "The input runs ahead of a consumer that does not ask by the bound and no more",
        arguments: [ResultOrder.asCompleted, .inInputOrder])
    func backPressure(order: ResultOrder) {
        let consumer = map(maxConcurrent: 2, order, sending: 0..<6)
        open(0, 1, 2)
        #expect(input.asked == 2)
        #expect(gates.reached == [0, 1])
        consumer.ask()
        executor.run()
        #expect(consumer.received == ["0"])
        #expect(input.asked == 3)
        #expect(gates.reached == [0, 1, 2])
    }

    @Test("As completed, a slow element holds up nothing")
    func slowElementAsCompleted() {
        let consumer = map(maxConcurrent: 2, .asCompleted, asking: 6, sending: 0..<6)
        open(1, 2, 3, 4, 5)
        #expect(consumer.received == ["1", "2", "3", "4", "5"])
        #expect(gates.waiting == [0])
    }

    @Test("In input order, a slow element lets the others be worked on, up to the bound")
    func slowElementInInputOrder() {
        let consumer = map(maxConcurrent: 3, .inInputOrder, asking: 6, sending: 0..<6)
        open(1, 2)
        #expect(consumer.received.isEmpty)
        #expect(gates.reached == [0, 1, 2])
        open(0)
        #expect(consumer.received == ["0", "1", "2"])
        #expect(gates.reached == [0, 1, 2, 3, 4, 5])
    }

    @Test("It ends after the last result", arguments: [ResultOrder.asCompleted, .inInputOrder])
    func end(order: ResultOrder) {
        let consumer = map(maxConcurrent: 3, order, asking: 4, sending: 0..<2)
        input.end()
        open(1)
        #expect(consumer.outcome == .running)
        open(0)
        #expect(consumer.received.sorted() == ["0", "1"])
        #expect(consumer.outcome == .ended)
    }

    @Test("Without a task executor, and with nothing to throw, it works the same")
    func defaults() async {
        let input = Source<Int, Never>(1, 2, 3, endsAtOnce: true)
        var received: [Int] = []
        for await element in input.mapConcurrently(maxConcurrent: 2, { $0 * 10 }) { received.append(element) }
        #expect(received == [10, 20, 30])
    }

    private func permutations(of elements: [Int]) -> [[Int]] {
        guard elements.count > 1 else { return [elements] }
        return elements.flatMap { first in
            permutations(of: elements.filter { $0 != first }).map { [first] + $0 }
        }
    }
}
