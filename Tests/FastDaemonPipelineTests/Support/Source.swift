import Synchronization

/// A sequence whose elements the test sends by hand, and which counts what is asked of it. For one consumer.
final class Source<Element: Sendable, Failure: Error>: AsyncSequence, Sendable {
    private typealias Waiter = CheckedContinuation<Result<Element?, Failure>, Never>

    private struct State {
        var ready: [Result<Element?, Failure>] = []
        var waiting: Waiter?
        var asked = 0
        var iterators = 0
        var wasCancelled = false
    }

    private let state = Mutex(State())
    private let ignoresCancellation: Bool

    init(_ elements: Element..., endsAtOnce: Bool = false, ignoresCancellation: Bool = false) {
        self.ignoresCancellation = ignoresCancellation
        for element in elements { send(element) }
        if endsAtOnce { end() }
    }

    /// How many times the next element was asked for.
    var asked: Int { state.withLock { $0.asked } }
    /// Whether somebody waits for an element now.
    var isWaitedFor: Bool { state.withLock { $0.waiting != nil } }
    /// How many iterators live: 0 once a task that consumed this has returned.
    var iterators: Int { state.withLock { $0.iterators } }
    /// Whether the consumer was cancelled while it waited.
    var wasCancelled: Bool { state.withLock { $0.wasCancelled } }

    func send(_ element: Element) { resume(.success(element)) }
    func end() { resume(.success(nil)) }
    func fail(_ failure: Failure) { resume(.failure(failure)) }

    private func resume(_ result: Result<Element?, Failure>) {
        let waiting = state.withLock { state in
            if state.waiting == nil { state.ready.append(result) }
            return state.waiting.take()
        }
        waiting?.resume(returning: result)
    }

    private func next(isolation: isolated (any Actor)?) async -> Result<Element?, Failure> {
        await withTaskCancellationHandler {
            await withCheckedContinuation(isolation: isolation) { continuation in
                let result = state.withLock { state -> Result<Element?, Failure>? in
                    state.asked += 1
                    if !state.ready.isEmpty { return state.ready.removeFirst() }
                    if state.wasCancelled { return .success(nil) }
                    state.waiting = continuation
                    return nil
                }
                if let result { continuation.resume(returning: result) }
            }
        } onCancel: {
            state.withLock { state -> Waiter? in
                guard !ignoresCancellation else { return nil }
                state.wasCancelled = true
                return state.waiting.take()
            }?.resume(returning: .success(nil))
        }
    }

    func makeAsyncIterator() -> Iterator { Iterator(source: self) }

    final class Iterator: AsyncIteratorProtocol {
        private let source: Source

        init(source: Source) {
            self.source = source
            source.state.withLock { $0.iterators += 1 }
        }

        deinit { source.state.withLock { $0.iterators -= 1 } }

        func next(isolation actor: isolated (any Actor)?) async throws(Failure) -> Element? {
            try await source.next(isolation: actor).get()
        }
    }
}
