extension AsyncSequence {
    /// The same elements, with an end where there would be an error.
    ///
    /// One connection's error ends one connection. Joined with others it would end them all, so it is turned into the
    /// connection's end before:
    ///
    /// ```swift
    /// let lines = connections.map { connection in
    ///     connection.bytes.lines().untilFailure { log("\(connection.peerAddress): \($0)") }
    /// }.joined()
    /// ```
    ///
    /// - Parameter report: told of the error, once, before the end.
    public func untilFailure(
        _ report: @escaping @Sendable (Failure) -> Void
    ) -> AsyncUntilFailureSequence<Self> {
        AsyncUntilFailureSequence(base: self, report: report)
    }
}

/// A sequence that ends where another one fails, made by ``_Concurrency/AsyncSequence/untilFailure(_:)``.
public struct AsyncUntilFailureSequence<Base: AsyncSequence>: AsyncSequence {
    /// What the other sequence yields.
    public typealias Element = Base.Element
    /// Nothing is thrown.
    public typealias Failure = Never

    let base: Base
    let report: @Sendable (Base.Failure) -> Void

    /// Makes the iterator. No task is started.
    public func makeAsyncIterator() -> Iterator {
        Iterator(base: base.makeAsyncIterator(), report: report)
    }

    /// Takes one element after the other.
    public struct Iterator: AsyncIteratorProtocol {
        private var base: Base.AsyncIterator
        /// Nil after a failure.
        private var report: (@Sendable (Base.Failure) -> Void)?

        init(base: Base.AsyncIterator, report: @escaping @Sendable (Base.Failure) -> Void) {
            self.base = base
            self.report = report
        }

        /// The next element, or nil after the last and after a failure.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(Never) -> Base.Element? {
            guard let report else { return nil }
            do throws(Base.Failure) {
                return try await base.next(isolation: actor)
            } catch {
                self.report = nil
                report(error)
                return nil
            }
        }
    }
}

extension AsyncUntilFailureSequence: Sendable where Base: Sendable {}

@available(*, unavailable)
extension AsyncUntilFailureSequence.Iterator: Sendable {}
