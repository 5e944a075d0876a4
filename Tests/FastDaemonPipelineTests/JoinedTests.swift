import FastDaemonPipeline
import Testing

/// Everything runs on an executor that the test drives, so what it sees after `run()` is exact.
@Suite("Joining sequences")
struct JoinedTests {
    typealias Inner = Source<Int, any Error>

    let executor = ManualExecutor()
    let outer = Source<Inner, any Error>()

    private func join(maxConcurrent: Int? = nil, asking count: Int = 0) -> Consumer<Int> {
        let consumer = Consumer(of: outer.joined(maxConcurrent: maxConcurrent, on: executor), on: executor)
        consumer.ask(count)
        return consumer
    }

    @Test("Elements come as they are sent, from whichever sequence")
    func union() {
        let (first, second) = (Inner(), Inner())
        let consumer = join(asking: 10)
        outer.send(first)
        outer.send(second)
        for (source, element) in [(second, 20), (first, 10), (first, 11), (second, 21)] {
            source.send(element)
            executor.run()
        }
        #expect(consumer.received == [20, 10, 11, 21])
        #expect(consumer.outcome == .running)
    }

    @Test("A sequence that comes late is joined to those that are under way")
    func late() {
        let (first, second) = (Inner(1), Inner(2, 3, endsAtOnce: true))
        let consumer = join(asking: 10)
        outer.send(first)
        executor.run()
        outer.send(second)
        executor.run()
        first.send(4)
        executor.run()
        #expect(consumer.received == [1, 2, 3, 4])
    }

    @Test("It ends when the outer and all inner sequences have ended, in whatever order they do")
    func end() {
        let (first, second) = (Inner(1), Inner(2))
        let consumer = join(asking: 3)
        outer.send(first)
        outer.send(second)
        outer.end()
        executor.run()
        second.end()
        executor.run()
        #expect(consumer.outcome == .running)
        first.end()
        executor.run()
        #expect(consumer.outcome == .ended)
        #expect(consumer.received == [1, 2])
    }

    @Test("The outer sequence may be the last to end, or the only one")
    func outerLast() {
        let consumer = join(asking: 2)
        outer.send(Inner(1, endsAtOnce: true))
        executor.run()
        #expect(consumer.received == [1])
        #expect(consumer.outcome == .running)
        outer.end()
        executor.run()
        #expect(consumer.outcome == .ended)
    }

    @Test("Without a consumer that asks, each inner sequence is asked for one element and no more")
    func backPressure() {
        let sources = (0..<3).map { Inner($0, $0 + 10, $0 + 20) }
        let consumer = join()
        sources.forEach(outer.send)
        executor.run()
        #expect(sources.map(\.asked) == [1, 1, 1])
        consumer.ask(2)
        executor.run()
        #expect(consumer.received == [0, 1])
        #expect(sources.map(\.asked) == [2, 2, 1])
    }

    @Test("Sequences that are always ready take turns")
    func turns() {
        let (busy, quiet) = (Inner(1, 2, 3, 4), Inner(100, 200))
        let consumer = join()
        outer.send(busy)
        outer.send(quiet)
        executor.run()
        for _ in 0..<5 {
            consumer.ask()
            executor.run()
        }
        #expect(consumer.received == [1, 100, 2, 200, 3])
    }

    @Test("A sequence that never suspends does not starve the others, although the consumer always waits for it")
    func starvation() {
        let consumerExecutor = ManualExecutor()
        let busy = Inner()
        let quiet = Inner(-1)
        // Whenever an element is about to be sent, the consumer on its other thread has come to wait already.
        let sources = [busy, quiet].map { source in
            source.map { element in
                consumerExecutor.run()
                return element
            }
        }
        for element in 0..<100 { busy.send(element) }
        busy.end()
        quiet.end()
        let consumer = Consumer(of: sources.joined(on: executor), on: consumerExecutor)
        consumer.ask(102)
        consumerExecutor.run()
        executor.run()
        consumerExecutor.run()
        #expect(consumer.outcome == .ended)
        #expect(consumer.received.count == 101)
        #expect(consumer.received.prefix(3).contains(-1))
    }

    @Test("With a bound, the outer sequence is asked for another one when an inner one has ended")
    func maxConcurrent() {
        let sources = (0..<3).map { Inner($0) }
        let consumer = join(maxConcurrent: 2, asking: 10)
        sources.forEach(outer.send)
        executor.run()
        #expect(outer.asked == 2)
        #expect(consumer.received == [0, 1])
        sources[1].end()
        executor.run()
        #expect(outer.asked == 3)
        #expect(consumer.received == [0, 1, 2])
    }

    @Test("Several listeners' sequences become one; one that throws nothing needs no try")
    func convenience() async {
        let sources = [Source<Int, Never>(1, 2, endsAtOnce: true), Source<Int, Never>(3, endsAtOnce: true)]
        var received: Set<Int> = []
        for await element in sources.joined() { received.insert(element) }
        #expect(received == [1, 2, 3])
    }

    @Test("Joining no sequence ends at once")
    func none() async {
        let none: [Source<Int, Never>] = []
        var iterator = none.joined().makeAsyncIterator()
        #expect(await iterator.next(isolation: #isolation) == nil)
    }

    @Test("A non-throwing outer sequence leaves the inner sequences' type of error")
    func typedFailure() async {
        let inner = Source<Int, TestFailure>()
        inner.fail(TestFailure("inner"))
        let outer = Source<Source<Int, TestFailure>, Never>(inner, endsAtOnce: true)
        var iterator = outer.joined().makeAsyncIterator()
        do throws(TestFailure) {
            _ = try await iterator.next(isolation: #isolation)
            Issue.record("the error was swallowed")
        } catch {
            #expect(error == TestFailure("inner"))
        }
    }
}
