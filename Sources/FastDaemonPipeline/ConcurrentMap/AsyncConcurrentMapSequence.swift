/// The results of a transform that runs for several elements at the same time, made by
/// `mapConcurrently`.
public struct AsyncConcurrentMapSequence<Base: AsyncSequence & Sendable, Element: Sendable, Failure: Error>:
    AsyncSequence, Sendable
where Base.Element: Sendable {
    let base: Base
    let maxConcurrent: Int
    let order: ResultOrder
    let executor: (any TaskExecutor)?
    let baseFailure: @Sendable (Base.Failure) -> Failure
    let transform: @Sendable (Base.Element) async throws(Failure) -> Element

    /// Starts to take elements, up to the bound, and to work on them.
    public func makeAsyncIterator() -> Iterator {
        let handoff = Handoff<Element, Failure>(order: order)
        handoff.start(on: executor) { await transformAll(into: handoff) }
        return Iterator(consumer: HandoffConsumer(handoff))
    }

    /// Takes the results. When it goes away, the transforms that still run are cancelled.
    public struct Iterator: AsyncIteratorProtocol {
        let consumer: HandoffConsumer<Element, Failure>

        /// The next result; nil after the last, or when the calling task was cancelled.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(Failure) -> Element? {
            try await consumer.next(isolation: actor)
        }
    }

    /// - Returns: the error that the input ended with.
    private func transformAll(into handoff: Handoff<Element, Failure>) async -> Failure? {
        let slots = Slots(limit: maxConcurrent)
        return await withDiscardingTaskGroup { group in
            var elements = base.makeAsyncIterator()
            var turn = 0
            do throws(Base.Failure) {
                while await slots.acquire(), let element = try await elements.next(isolation: nil) {
                    group.addTask { [turn] in
                        await transform(element, turn: turn, into: handoff)
                        // Not before the result was received: that is what bounds how far the input runs ahead.
                        slots.release()
                    }
                    turn += 1
                }
                return nil
            } catch {
                return baseFailure(error)
            }
        }
    }

    private func transform(_ element: Base.Element, turn: Int, into handoff: Handoff<Element, Failure>) async {
        do throws(Failure) {
            // Nothing to do where it is refused: the task is cancelled then.
            _ = await handoff.send(try await transform(element), turn: turn)
        } catch {
            handoff.fail(error)
        }
    }
}

@available(*, unavailable)
extension AsyncConcurrentMapSequence.Iterator: Sendable {}
