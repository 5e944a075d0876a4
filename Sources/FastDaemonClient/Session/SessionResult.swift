#if !hasFeature(Embedded)
    import FastDaemonProtocol
#endif

/// How a session ended.
public struct SessionResult: Equatable, Sendable {
    /// How the daemon ended it: the command's own end is `completed`.
    public var verdict: SessionVerdict

    /// The status to exit with: the command's own, or the one that goes with the verdict.
    public var status: UInt8

    /// The number of the call in the daemon's log; 0 where there is none.
    public var call: UInt64

    /// Why, for people, as the daemon sent it. Empty where the command ran to its end.
    public var text: [UInt8]
}

/// The two streams that a command writes to.
public enum SessionStream: Equatable, Sendable {
    /// Standard output.
    case output
    /// Standard error.
    case errors
}
