/// Waits on a loop for what comes, where no task does: a task and its suspending and resuming would cost more than a short request.
///
/// It is told once for each wait, by one of the two, and then waits no more unless it says so again.
///
/// A class, so that it can be lent without counting a reference.
open class ReadServer {
    /// A server that waits for nothing yet.
    public init() {}

    /// Something may be there to receive, and `serve` follows in the same round: a server that expects little may receive it into
    /// `room` already. The system calls of all connections that have something to say are then made one after the other, and what
    /// came is served in one go: both cost less than in turn. On the loop.
    open func receiveAhead(into room: UnsafeMutableRawBufferPointer) {}

    /// Something may be there to receive; or nothing, where a turn was given for an earlier wait. On the loop.
    open func serve() {}

    /// The wait has ended otherwise: its deadline has passed, or it was interrupted, or `wakeReader()` ended it. On the loop.
    open func endWait() {}
}
