/// Waits on a loop for what comes, where no task does: a task and its suspending and resuming would cost more than a short request.
///
/// It is told once for each wait, by one of the two, and then waits no more unless it says so again.
///
/// A class, so that it can be lent without counting a reference.
open class ReadServer {
    /// A server that waits for nothing yet.
    public init() {}

    /// Something may be there to receive; or nothing, where a turn was given for an earlier wait. On the loop.
    open func serve() {}

    /// The wait has ended otherwise: its deadline has passed, or it was interrupted, or `wakeReader()` ended it. On the loop.
    open func endWait() {}
}
