/// How many bytes of output a server may still send.
public struct SessionCredit: Equatable, Sendable {
    /// In bytes.
    public private(set) var available: Int

    /// The window of the client's hello, which a decoder has found to be no more than the protocol allows.
    public init(window: UInt32 = 0) {
        available = Int(window)
    }

    /// Takes note of a CREDIT.
    ///
    /// - Throws: `SessionError.tooMuchCredit`.
    public mutating func add(_ count: Int) throws(SessionError) {
        guard available + count <= SessionFrame.mostCredit else { throw .tooMuchCredit }
        available += count
    }

    /// Takes note of output that is sent.
    ///
    /// - Precondition: `count` is at most `available`.
    public mutating func use(_ count: Int) {
        precondition(count <= available)
        available -= count
    }
}
