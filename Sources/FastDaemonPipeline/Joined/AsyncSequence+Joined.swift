extension AsyncSequence where Self: Sendable, Element: AsyncSequence & Sendable, Element.Element: Sendable {
    /// Makes one sequence of a sequence of sequences: the union of their elements, each as it comes.
    ///
    /// The inner sequences are consumed side by side (a concatenation would wait for the end of one before it begins
    /// the next). Elements of one inner sequence keep their order; between two there is none, but each gets its turn:
    /// one that is always ready does not starve the others.
    ///
    /// - **Back-pressure.** Of each inner sequence at most one element has been taken and not yet been received. An
    ///   inner sequence is asked for the next one when the consumer has received the one before.
    /// - **End.** The sequence ends when the outer one and all inner ones have ended.
    /// - **Errors.** The first error, of the outer or of an inner sequence, ends all. Elements that came before it are
    ///   received first, then everything else is cancelled and has stopped, then the error is thrown.
    /// - **Cancellation.** When the consuming task is cancelled, all sequences are, and `next()` returns nil as soon as
    ///   they have stopped. When a loop is left in the middle, they are cancelled as well and stop on their own time.
    ///
    /// - Parameters:
    ///   - maxConcurrent: how many inner sequences are consumed at the same time; the outer one is not asked for
    ///     another before one of them has ended. Nil means all, so bound the outer sequence by other means.
    ///   - executor: where the sequences are consumed, in child tasks of one task that belongs to the iterator. That
    ///     task does not inherit the consumer's preferred executor, so name it to stay on it; nil means Swift's shared
    ///     pool.
    /// - Precondition: `maxConcurrent` is at least 1.
    public func joined(
        maxConcurrent: Int? = nil, on executor: (any TaskExecutor)? = nil
    ) -> AsyncJoinedSequence<Self, any Error> {
        AsyncJoinedSequence(
            base: self, maxConcurrent: maxConcurrent, executor: executor, outerFailure: { $0 }, innerFailure: { $0 })
    }

    /// Makes one sequence of a sequence of sequences that does not fail itself: the union of their elements, each as it
    /// comes. It throws what the inner sequences throw, and nothing where they throw nothing.
    ///
    /// Everything else is as told at the one for sequences that may fail.
    public func joined(
        maxConcurrent: Int? = nil, on executor: (any TaskExecutor)? = nil
    ) -> AsyncJoinedSequence<Self, Element.Failure> where Failure == Never {
        AsyncJoinedSequence(
            base: self, maxConcurrent: maxConcurrent, executor: executor, outerFailure: never,
            innerFailure: { $0 })
    }
}

extension Sequence where Self: Sendable, Element: AsyncSequence & Sendable, Element.Element: Sendable {
    /// Makes one asynchronous sequence of several: the union of their elements, each as it comes.
    ///
    /// ```swift
    /// let connections = listeners.map(\.connections).joined()
    /// ```
    ///
    /// All of them are consumed at the same time. Everything else is as told at
    /// `joined` on a sequence of sequences.
    public func joined(
        on executor: (any TaskExecutor)? = nil
    ) -> some AsyncSequence<Element.Element, Element.Failure> & Sendable {
        ReadySequence(base: self).joined(on: executor)
    }
}

/// What follows from something that cannot be.
private func never<Anything>(_ impossible: Never) -> Anything {}

/// A sequence whose elements are all there, as an asynchronous one.
private struct ReadySequence<Base: Sequence & Sendable>: AsyncSequence, Sendable {
    let base: Base

    func makeAsyncIterator() -> Iterator {
        Iterator(base: base.makeIterator())
    }

    struct Iterator: AsyncIteratorProtocol {
        var base: Base.Iterator

        mutating func next(isolation actor: isolated (any Actor)?) async throws(Never) -> Base.Element? {
            base.next()
        }
    }
}
