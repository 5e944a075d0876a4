extension AsyncCall {
    /// Suspends until the caller sends a signal that does not cancel the call, such as SIGWINCH when its terminal has
    /// changed, and returns its number.
    public func nextSignal() async throws(CallError) -> Int32 {
        try checkCancellation()
        try await wait(for: .signal)
        try checkCancellation()
        guard let number = try attempt({ $0.host.pointee.last_signal($0.call) }) as Int32? else { throw .ended }
        return number
    }
}
