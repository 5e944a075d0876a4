import CFastDaemonPlugin

/// Why a call was cancelled.
public enum CancellationReason: Sendable, Hashable {
    /// The caller is gone: nobody will read what is written.
    case hangUp

    /// The caller sent a signal, which `lastSignal` tells; it still listens.
    case signal

    /// The call ran past its time limit.
    case timeLimit

    /// The host, or the worker process that runs the call, is going down and has waited long enough.
    case shutdown

    /// The call wrote more than the host keeps for it.
    case outputLimit

    /// A reason that this version of the kit does not know: one like any other to stop.
    case other

    init?(code: Int32) {
        switch Int(code) {
        case FASTDAEMON_NOT_CANCELLED: return nil
        case FASTDAEMON_CANCELLED_BY_HANGUP: self = .hangUp
        case FASTDAEMON_CANCELLED_BY_SIGNAL: self = .signal
        case FASTDAEMON_CANCELLED_BY_TIME: self = .timeLimit
        case FASTDAEMON_CANCELLED_BY_SHUTDOWN: self = .shutdown
        case FASTDAEMON_CANCELLED_BY_LIMIT: self = .outputLimit
        default: self = .other
        }
    }
}
