/// The consumer's end of a ``Handoff``, held by an iterator and by nothing else.
///
/// It goes away with the iterator, also when a loop is left in the middle, and then stops the operator's task.
final class HandoffConsumer<Element: Sendable, Failure: Error> {
    private let handoff: Handoff<Element, Failure>

    init(_ handoff: Handoff<Element, Failure>) {
        self.handoff = handoff
    }

    deinit {
        handoff.cancel()
    }

    func next(isolation: isolated (any Actor)?) async throws(Failure) -> Element? {
        try await handoff.receive(isolation: isolation)
    }
}
