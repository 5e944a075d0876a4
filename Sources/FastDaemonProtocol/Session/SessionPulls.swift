/// How many INPUTs a client owes.
public struct SessionPulls: Equatable, Sendable {
    /// For each of them the client reads its standard input once, when there is something to read.
    public private(set) var owed = 0

    private var inputHasEnded = false

    /// None, until a PULL comes.
    public init() {}

    /// Takes note of a PULL. After the end of input it means nothing.
    ///
    /// - Throws: `SessionError.tooManyPulls`.
    public mutating func add(_ count: Int) throws(SessionError) {
        guard !inputHasEnded else { return }
        guard owed + count <= SessionFrame.mostPulls else { throw .tooManyPulls }
        owed += count
    }

    /// Takes note of an INPUT that is sent; one of no bytes is the end of input.
    ///
    /// - Precondition: one is owed.
    public mutating func answer(byteCount: Int) {
        precondition(owed > 0)
        inputHasEnded = byteCount == 0
        owed = inputHasEnded ? 0 : owed - 1
    }
}
