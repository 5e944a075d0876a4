import CFastDaemonPlugin

/// Why reading, writing or waiting did not work.
public enum CallError: Error, Hashable, CustomStringConvertible {
    /// The call was cancelled while this waited.
    case cancelled

    /// The caller is gone or closed this stream; more writing is of no use.
    case closed

    /// The host's limit on output is reached.
    case outputLimit

    /// It would have to wait, which an inline command must not.
    case wouldWait

    /// The call has ended already: something of it was kept longer than its handler ran.
    case ended

    /// The host says that it was asked in a wrong way: a fault of the kit, or of code that uses `UnsafeCall`.
    case misuse

    @usableFromInline
    init(code: Int) {
        switch code {
        case FASTDAEMON_ERROR_AGAIN: self = .wouldWait
        case FASTDAEMON_ERROR_CANCELLED: self = .cancelled
        case FASTDAEMON_ERROR_LIMIT: self = .outputLimit
        case FASTDAEMON_ERROR_MISUSE: self = .misuse
        // The header asks that an unknown value be read as this one.
        default: self = .closed
        }
    }

    /// What happened, for people.
    public var description: String {
        switch self {
        case .cancelled: "the call was cancelled"
        case .closed: "the caller is gone or closed the stream"
        case .outputLimit: "the output is more than the daemon keeps for one call"
        case .wouldWait:
            "an inline command cannot wait for its caller; declare it .concurrent, or use the stepwise form"
        case .ended: "the call has ended already"
        case .misuse: "the daemon refused the plugin's request as malformed"
        }
    }
}
