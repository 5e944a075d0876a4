import CFastDaemonPlugin

/// What a stepwise handler wants next.
public enum Step: Sendable {
    /// The call has ended with this status.
    case done(ExitStatus)

    /// Call the handler again when this has come. A cancelled call comes back too, whatever it waits for.
    case again(when: Event)

    /// What a call can wait for without holding a thread.
    public enum Event: UInt32, Sendable {
        /// There is input, or its end.
        case readable = 1

        /// There is room for output.
        case writable = 2
    }
}
