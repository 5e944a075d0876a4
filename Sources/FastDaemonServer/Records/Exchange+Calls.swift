/// What runs for the peer.
extension Exchange {
    /// Takes note of a call, so that a hang-up cancels it.
    ///
    /// - Parameter onAbandon: told of each call that is cancelled so.
    func add(_ call: RecordCall, onAbandon: @escaping (UInt64) -> Void) {
        calls[call.id] = call
        if self.onAbandon == nil {
            self.onAbandon = onAbandon
            connection.onHangUp { [weak self] in self?.cancelCalls() }
        } else if connection.isHungUp {
            call.cancel(.hangup)
        }
    }

    func remove(_ call: RecordCall) {
        calls[call.id] = nil
    }

    /// The peer is gone: nobody waits for these calls any more.
    func cancelCalls() {
        for call in calls.values {
            call.cancel(.hangup)
            onAbandon?(call.id)
        }
    }
}
