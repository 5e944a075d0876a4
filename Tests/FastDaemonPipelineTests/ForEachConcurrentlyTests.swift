import FastDaemonPipeline
import Synchronization
import Testing

@Suite("Running a body for each element")
struct ForEachConcurrentlyTests {
    let executor = ManualExecutor()
    let input = Source<Int, any Error>()
    let gates = Gates(4)

    private final class Outcome: Sendable {
        let value = Mutex<String?>(nil)
        var description: String? { value.withLock { $0 } }
    }

    private func start(maxConcurrent: Int? = nil, sending elements: Range<Int>) -> (Task<Void, Never>, Outcome) {
        let outcome = Outcome()
        let task = Task(executorPreference: executor) { [input, gates] in
            do {
                try await input.forEachConcurrently(maxConcurrent: maxConcurrent) { await gates.wait(at: $0) }
                outcome.value.withLock { $0 = "returned" }
            } catch {
                outcome.value.withLock { $0 = (error as? TestFailure)?.name }
            }
        }
        elements.forEach(input.send)
        executor.run()
        return (task, outcome)
    }

    private func open(_ index: Int) {
        gates.open(index)
        executor.run()
    }

    @Test("All bodies run side by side where no bound is given")
    func unbounded() {
        _ = start(sending: 0..<4)
        #expect(gates.waiting == [0, 1, 2, 3])
        #expect(input.isWaitedFor)
    }

    @Test("While the bound is reached, the input is not asked for another element")
    func bound() {
        _ = start(maxConcurrent: 2, sending: 0..<4)
        #expect(gates.waiting == [0, 1])
        #expect(input.asked == 2)
        open(1)
        #expect(gates.waiting == [0, 2])
        #expect(input.asked == 3)
    }

    @Test("At the end of the input it waits for the bodies that run")
    func end() {
        let (_, outcome) = start(sending: 0..<2)
        input.end()
        executor.run()
        #expect(outcome.description == nil)
        open(0)
        #expect(outcome.description == nil)
        open(1)
        #expect(outcome.description == "returned")
    }

    @Test("An error of the input is thrown when the bodies that run have ended, undisturbed")
    func failure() {
        let (_, outcome) = start(sending: 0..<1)
        input.fail(TestFailure("input"))
        executor.run()
        #expect(outcome.description == nil)
        #expect(gates.cancelled == [])
        open(0)
        #expect(outcome.description == "input")
    }

    @Test("Cancelling cancels the bodies and the input, whether or not the bound is reached", arguments: [1, 2, nil])
    func cancel(maxConcurrent: Int?) {
        let (task, outcome) = start(maxConcurrent: maxConcurrent, sending: 0..<1)
        task.cancel()
        executor.run()
        #expect(gates.cancelled == [0])
        #expect(input.iterators == 0)
        #expect(outcome.description == "returned")
    }

    @Test("Each body runs where its element says")
    func executors() async throws {
        let executors = [ManualExecutor(), ManualExecutor()]
        let input = Source<Int, Never>(0, 1, endsAtOnce: true)
        let task = Task(executorPreference: executor) { [gates] in
            await input.forEachConcurrently(on: { executors[$0] }) {
                gates.open($0 + 2)
                await gates.wait(at: $0)
            }
        }
        executor.run()
        #expect(gates.reached == [])
        executors[1].run()
        #expect(gates.reached == [1])
        executors[0].run()
        #expect(gates.reached == [0, 1])
        task.cancel()
        for executor in executors + [executor] { executor.run() }
        await task.value
    }
}
