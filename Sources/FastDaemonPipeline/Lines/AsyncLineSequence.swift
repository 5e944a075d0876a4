/// The lines in a sequence of byte chunks, made by ``_Concurrency/AsyncSequence/lines(maxLength:)``.
public struct AsyncLineSequence<Base: AsyncSequence>: AsyncSequence where Base.Element: Collection<UInt8> {
    /// A line's bytes, without its end.
    public typealias Element = [UInt8]
    /// ``LineTooLongError``, or what the sequence of chunks throws.
    public typealias Failure = any Error

    let base: Base
    let maxLength: Int

    /// Makes the iterator. No task is started: chunks are asked for when a line is.
    public func makeAsyncIterator() -> Iterator {
        Iterator(base: base.makeAsyncIterator(), splitter: LineSplitter(maxLength: maxLength))
    }

    /// Takes one line after the other.
    public struct Iterator: AsyncIteratorProtocol {
        private var base: Base.AsyncIterator
        /// Nil when the input has ended or failed.
        private var splitter: LineSplitter?

        init(base: Base.AsyncIterator, splitter: LineSplitter) {
            self.base = base
            self.splitter = splitter
        }

        /// The next line, or nil after the last.
        ///
        /// - Throws: ``LineTooLongError``, or what the sequence of chunks throws; the sequence has then ended.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws -> [UInt8]? {
            // Taken out while it is worked with: where something throws, the sequence is over.
            guard var splitter = splitter.take() else { return nil }
            while true {
                if let line = try splitter.nextLine() {
                    self.splitter = splitter
                    return line
                }
                guard let chunk = try await base.next(isolation: actor) else { return try splitter.lastLine() }
                splitter.append(chunk)
            }
        }
    }
}

extension AsyncLineSequence: Sendable where Base: Sendable {}

@available(*, unavailable)
extension AsyncLineSequence.Iterator: Sendable {}
