extension AsyncSequence where Self: Sendable, Element: Sendable {
    /// Transforms several elements at the same time.
    ///
    /// ```swift
    /// let replies = requests.mapConcurrently(maxConcurrent: 16) { request in await answer(request) }
    /// ```
    ///
    /// - **Bound and back-pressure.** At most `maxConcurrent` elements have been taken from the input whose results
    ///   have not been received. So a consumer that stops receiving stops the input; and in input order a slow element
    ///   stops it once `maxConcurrent - 1` later ones are ready.
    /// - **End.** After the last result. An error of the input is also an end: what was taken before it is worked on
    ///   and received, then the error is thrown.
    /// - **Cancellation.** When the consuming task is cancelled, all transforms are, and `next()` returns nil as soon
    ///   as they have returned. When a loop is left in the middle, they are cancelled as well and return on their own
    ///   time.
    ///
    /// - Parameters:
    ///   - maxConcurrent: how many elements are worked on at the same time.
    ///   - order: whether a result waits for those before it.
    ///   - executor: where the input is consumed and the transforms run, in child tasks of one task that belongs to the
    ///     iterator. That task does not inherit the consumer's preferred executor, so name it to stay on it; nil means
    ///     Swift's shared pool.
    ///   - transform: called once for each element, in order of the input, each call in a task of its own.
    /// - Precondition: `maxConcurrent` is at least 1.
    public func mapConcurrently<Transformed: Sendable>(
        maxConcurrent: Int, order: ResultOrder = .inInputOrder, on executor: (any TaskExecutor)? = nil,
        _ transform: @escaping @Sendable (Element) async -> Transformed
    ) -> AsyncConcurrentMapSequence<Self, Transformed, Failure> {
        AsyncConcurrentMapSequence(
            base: self, maxConcurrent: maxConcurrent, order: order, executor: executor, baseFailure: { $0 },
            transform: { (element) async throws(Failure) in await transform(element) })
    }

    /// Transforms several elements at the same time, with a transform that may fail.
    ///
    /// The first error that a transform throws ends all, at once: results that are ready, and whose turn it is, are
    /// received first, then all transforms are cancelled and have returned, then the error is thrown. Everything else
    /// is as told at the one with a transform that does not.
    public func mapConcurrently<Transformed: Sendable>(
        maxConcurrent: Int, order: ResultOrder = .inInputOrder, on executor: (any TaskExecutor)? = nil,
        _ transform: @escaping @Sendable (Element) async throws -> Transformed
    ) -> AsyncConcurrentMapSequence<Self, Transformed, any Error> {
        AsyncConcurrentMapSequence(
            base: self, maxConcurrent: maxConcurrent, order: order, executor: executor, baseFailure: { $0 },
            transform: transform)
    }
}
