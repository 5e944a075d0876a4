import Synchronization

/// A loop over a sequence that asks for an element only when the test says so. It is cancelled when the test ends.
final class Consumer<Element: Sendable>: Sendable {
    private final class Log: Sendable {
        let received = Mutex<[Element]>([])
        let outcome = Mutex<Outcome>(.running)
    }

    enum Outcome: Equatable {
        case running
        case ended
        case failed(TestFailure)
        case left
    }

    private let log = Log()
    private let demand = Source<Void, Never>()
    private let task: Task<Void, Never>
    private let executor: ManualExecutor

    /// - Parameter executor: where the loop runs, once the test runs that.
    init<Base: AsyncSequence<Element, any Error> & Sendable>(of base: Base, on executor: ManualExecutor) {
        self.executor = executor
        task = Task(executorPreference: executor) { [log, demand] in
            let outcome = await Self.loop(over: base, log: log, demand: demand)
            log.outcome.withLock { $0 = outcome }
        }
    }

    deinit {
        task.cancel()
        executor.run()
    }

    private static func loop<Base: AsyncSequence<Element, any Error>>(
        over base: Base, log: Log, demand: Source<Void, Never>
    ) async -> Outcome {
        let demands = demand.makeAsyncIterator()
        var elements = base.makeAsyncIterator()
        do {
            while await demands.next(isolation: nil) != nil {
                guard let element = try await elements.next(isolation: nil) else { return .ended }
                log.received.withLock { $0.append(element) }
            }
            return .left
        } catch {
            return (error as? TestFailure).map(Outcome.failed) ?? .running
        }
    }

    var received: [Element] { log.received.withLock { $0 } }
    var outcome: Outcome { log.outcome.withLock { $0 } }

    /// Asks for so many elements.
    func ask(_ count: Int = 1) {
        for _ in 0..<count { demand.send(()) }
    }

    /// Leaves the loop, as `break` does.
    func leave() { demand.end() }

    func cancel() { task.cancel() }
}

/// The error of these tests, told apart by its name.
struct TestFailure: Error, Equatable {
    let name: String

    init(_ name: String) { self.name = name }
}
