import Glibc

extension Call {
    /// Waits, and holds the thread for that long; ends at once, with `CallError.cancelled`, where the call is
    /// cancelled.
    public func sleep(for duration: Duration) throws(CallError) {
        let end = ContinuousClock.now + duration
        let descriptor = cancellationDescriptor
        while !isCancelled {
            let left = end - .now
            if left <= .zero { return }
            // Without a descriptor the call is asked now and then. poll(2) counts milliseconds, so a long wait takes
            // turns.
            let turn = min(left, descriptor == nil ? .milliseconds(50) : .seconds(3600))
            var waited = pollfd(fd: descriptor ?? -1, events: Int16(POLLIN), revents: 0)
            poll(&waited, 1, turn.roundedUpMilliseconds)
        }
        throw .cancelled
    }
}

extension Duration {
    /// Rounded up, so that a wait for the last part of a millisecond does not spin.
    fileprivate var roundedUpMilliseconds: Int32 {
        let (seconds, attoseconds) = components
        return Int32(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
