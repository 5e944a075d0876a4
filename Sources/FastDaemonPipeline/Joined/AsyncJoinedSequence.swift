/// The union of the sequences that a sequence yields, made by `joined`.
public struct AsyncJoinedSequence<Base: AsyncSequence & Sendable, Failure: Error>: AsyncSequence, Sendable
where Base.Element: AsyncSequence & Sendable, Base.Element.Element: Sendable {
    /// An element of one of the inner sequences.
    public typealias Element = Base.Element.Element

    let base: Base
    let maxConcurrent: Int?
    let executor: (any TaskExecutor)?
    let outerFailure: @Sendable (Base.Failure) -> Failure
    let innerFailure: @Sendable (Base.Element.Failure) -> Failure

    /// Starts to consume the sequences. One element of each is on its way before the first is asked for.
    public func makeAsyncIterator() -> Iterator {
        let handoff = Handoff<Element, Failure>(order: .asCompleted)
        handoff.start(on: executor) {
            await forwardAll(to: handoff)
            return nil
        }
        return Iterator(consumer: HandoffConsumer(handoff))
    }

    /// Takes the elements of all inner sequences as they come. When it goes away, what still runs is cancelled.
    public struct Iterator: AsyncIteratorProtocol {
        let consumer: HandoffConsumer<Element, Failure>

        /// The next element of any of the inner sequences; nil when all have ended, or the calling task was cancelled.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(Failure) -> Element? {
            try await consumer.next(isolation: actor)
        }
    }

    private func forwardAll(to handoff: Handoff<Element, Failure>) async {
        let slots = Slots(limit: maxConcurrent)
        await withDiscardingTaskGroup { group in
            var sequences = base.makeAsyncIterator()
            do throws(Base.Failure) {
                while await slots.acquire(), let sequence = try await sequences.next(isolation: nil) {
                    group.addTask {
                        await forward(sequence, to: handoff)
                        slots.release()
                    }
                }
            } catch {
                handoff.fail(outerFailure(error))
            }
        }
    }

    private func forward(_ sequence: Base.Element, to handoff: Handoff<Element, Failure>) async {
        var elements = sequence.makeAsyncIterator()
        do throws(Base.Element.Failure) {
            while let element = try await elements.next(isolation: nil), await handoff.send(element) {}
        } catch {
            handoff.fail(innerFailure(error))
        }
    }
}

@available(*, unavailable)
extension AsyncJoinedSequence.Iterator: Sendable {}
