import FastDaemonPipeline
import Testing

@Suite("Joined sequences that end early")
struct JoinedEndingTests {
    typealias Inner = Source<Int, any Error>

    let executor = ManualExecutor()
    let outer = Source<Inner, any Error>()
    let first = Inner()
    let second = Inner()

    /// Both inner sequences are under way and nothing has been sent.
    private func join(asking count: Int) -> Consumer<Int> {
        let consumer = Consumer(of: outer.joined(on: executor), on: executor)
        consumer.ask(count)
        outer.send(first)
        outer.send(second)
        executor.run()
        return consumer
    }

    /// Whether a task of the operator still holds one of the sequences.
    private var isAnyConsumed: Bool { outer.iterators + first.iterators + second.iterators > 0 }

    @Test("An inner error cancels the others and is thrown")
    func innerFailure() {
        let consumer = join(asking: 1)
        #expect(isAnyConsumed)
        first.fail(TestFailure("first"))
        executor.run()
        #expect(consumer.outcome == .failed(TestFailure("first")))
        #expect(outer.wasCancelled && second.wasCancelled)
        #expect(!isAnyConsumed)
    }

    @Test("An outer error cancels the inner sequences and is thrown")
    func outerFailure() {
        let consumer = join(asking: 1)
        outer.fail(TestFailure("outer"))
        executor.run()
        #expect(consumer.outcome == .failed(TestFailure("outer")))
        #expect(first.wasCancelled && second.wasCancelled)
        #expect(!isAnyConsumed)
    }

    @Test("What came before an error is received before it; of two errors the first is thrown")
    func elementsBeforeFailure() {
        let consumer = join(asking: 0)
        first.send(1)
        executor.run()
        second.fail(TestFailure("second"))
        executor.run()
        first.fail(TestFailure("too late"))
        consumer.ask(2)
        executor.run()
        #expect(consumer.received == [1])
        #expect(consumer.outcome == .failed(TestFailure("second")))
    }

    @Test("An error is thrown only when a sequence that is slow to stop has stopped")
    func failureWaits() {
        let stubborn = Gates(1, ignoringCancellation: true)
        let joined = [first, second].map { source in
            source.map { element in
                await stubborn.wait(at: 0)
                return element
            }
        }.joined(on: executor)
        let consumer = Consumer(of: joined, on: executor)
        consumer.ask()
        first.send(1)
        executor.run()
        second.fail(TestFailure("second"))
        executor.run()
        #expect(consumer.outcome == .running)
        stubborn.open(0)
        executor.run()
        #expect(consumer.outcome == .failed(TestFailure("second")))
        #expect(consumer.received.isEmpty)
    }

    @Test("Cancelling the consumer while it waits cancels all sequences; then it gets the end")
    func cancelWhileWaiting() {
        let consumer = join(asking: 1)
        consumer.cancel()
        executor.run()
        #expect(consumer.outcome == .ended)
        #expect(outer.wasCancelled && first.wasCancelled && second.wasCancelled)
        #expect(!isAnyConsumed)
    }

    @Test("Cancelling the consumer while elements wait for it drops them and ends")
    func cancelWhileSendersWait() {
        let consumer = join(asking: 0)
        first.send(1)
        second.send(2)
        executor.run()
        consumer.cancel()
        executor.run()
        #expect(consumer.outcome == .left)
        #expect(consumer.received.isEmpty)
        #expect(!isAnyConsumed)
    }

    @Test("A consumer that is cancelled before it begins gets nothing and leaves nothing")
    func cancelBeforeStart() {
        let consumer = Consumer(of: outer.joined(on: executor), on: executor)
        consumer.ask()
        outer.send(first)
        consumer.cancel()
        executor.run()
        #expect(consumer.received.isEmpty)
        #expect(!isAnyConsumed)
    }

    @Test("Leaving the loop stops everything, whether elements wait or not", arguments: [true, false])
    func leave(withElements: Bool) {
        let consumer = join(asking: 1)
        first.send(1)
        executor.run()
        if withElements {
            first.send(2)
            second.send(3)
            executor.run()
        }
        #expect(isAnyConsumed)
        consumer.leave()
        executor.run()
        #expect(consumer.outcome == .left)
        #expect(consumer.received == [1])
        #expect(!isAnyConsumed)
    }

    @Test("An iterator that was made and never asked leaves nothing")
    func unused() {
        do {
            let iterator = outer.joined(on: executor).makeAsyncIterator()
            outer.send(first)
            executor.run()
            #expect(isAnyConsumed)
            withExtendedLifetime(iterator) {}
        }
        executor.run()
        #expect(!isAnyConsumed)
    }

    @Test("Cancelling ends a sequence that never ends by itself and takes no notice of it")
    func endless() {
        let consumer = Consumer(of: [Endless()].joined(on: executor), on: executor)
        consumer.ask(3)
        executor.run()
        #expect(consumer.received == [0, 0, 0])
        consumer.leave()
        executor.run()
        #expect(consumer.outcome == .left)
    }

    /// Yields zeros without suspending and without looking at cancellation.
    private struct Endless: AsyncSequence, AsyncIteratorProtocol, Sendable {
        func makeAsyncIterator() -> Endless { self }
        mutating func next(isolation actor: isolated (any Actor)?) async throws -> Int? { 0 }
    }
}
