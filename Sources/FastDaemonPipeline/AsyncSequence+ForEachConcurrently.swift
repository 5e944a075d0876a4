extension AsyncSequence where Element: Sendable {
    /// Runs a body for each element, several at the same time, and returns when the sequence and all bodies have ended.
    ///
    /// ```swift
    /// await connections.forEachConcurrently(maxConcurrent: 1024, on: \.executor) { connection in
    ///     await serve(connection)
    /// }
    /// ```
    ///
    /// The body cannot throw, because an error of one element is no reason to end the others: it is dealt with inside.
    /// Where it is a reason, see `mapConcurrently`.
    ///
    /// The bodies are children of the calling task, in a discarding group: a finished one leaves nothing behind, so
    /// this can run for months. Cancelling the calling task cancels them; no further element is asked for, and the call
    /// returns when the bodies have.
    ///
    /// - Parameters:
    ///   - maxConcurrent: how many bodies run at the same time; while that many do, the sequence is not asked for
    ///     another element. Nil means no bound.
    ///   - executor: where the body for an element should run; nil means where the calling task would.
    ///   - isolation: where the sequence is iterated over; the caller's own, unless told otherwise.
    ///   - body: called once for each element, each call in a task of its own.
    /// - Throws: what the sequence throws, after the bodies that run have ended.
    /// - Precondition: `maxConcurrent` is at least 1.
    @inlinable public func forEachConcurrently(
        maxConcurrent: Int? = nil, on executor: (Element) -> (any TaskExecutor)? = { _ in nil },
        isolation: isolated (any Actor)? = #isolation, _ body: @escaping @Sendable (Element) async -> Void
    ) async throws(Failure) {
        // Without a bound there is nothing to count, and an element costs its task alone.
        let slots = maxConcurrent.map { Slots(limit: $0) }
        let result = await withDiscardingTaskGroup { group in
            var elements = makeAsyncIterator()
            do throws(Failure) {
                while await slots?.acquire() ?? !Task.isCancelled,
                    let element = try await elements.next(isolation: isolation)
                {
                    group.addTask(executorPreference: executor(element)) {
                        await body(element)
                        slots?.release()
                    }
                }
                return Result<Void, Failure>.success(())
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }
}
