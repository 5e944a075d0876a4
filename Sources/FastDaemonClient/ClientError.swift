#if !hasFeature(Embedded)
    import FastDaemonProtocol
#endif

/// What kept a client from its reply.
public struct ClientError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure it is, for a program to decide by.
    public enum Code: Sendable, Equatable {
        /// What was asked for is off: a port out of range, a path that is too long.
        case invalidArgument
        /// No daemon can be reached there.
        case unreachable
        /// The request is larger than its socket, or the protocol, can carry.
        case requestTooLarge
        /// What came back is not the protocol.
        case notTheProtocol
        /// The reply ended before its end.
        case endedEarly
        /// The connection has ended or lost its place: start another.
        case connectionEnded
        /// The operating system refused something else, with this `errno`.
        case system(Int32)
    }

    /// What kind of failure it is.
    public let code: Code

    /// One line for a person: what was being done, to what, why it failed, and what to do.
    public var description: String { text.description }

    /// The same, for programs without a `String`.
    public let text: ByteText

    /// Whether nothing listens where the daemon was looked for: starting one may help.
    public let isAbsence: Bool

    /// An error with a text of one line.
    public init(_ code: Code, _ text: ByteText, isAbsence: Bool = false) {
        self.code = code
        self.text = text
        self.isAbsence = isAbsence
    }
}
