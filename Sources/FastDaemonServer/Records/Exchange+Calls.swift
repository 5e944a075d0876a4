/// What runs for the peer.
extension Exchange {
    /// Takes note of a call, so that a hang-up cancels it.
    func add(_ running: RunningCall) {
        calls.append(running)
        if !watchesHangUp {
            watchesHangUp = true
            connection.onHangUp { [weak self] in self?.cancelCalls() }
        } else if connection.isHungUp {
            running.call.cancel(.hangup)
        }
    }

    func remove(_ running: RunningCall) {
        // It is one of the first: they are few, and mostly end in their order.
        if let index = calls.firstIndex(where: { $0 === running }) { calls.remove(at: index) }
    }

    /// The peer is gone: nobody waits for these calls any more.
    func cancelCalls() {
        for running in calls {
            running.call.cancel(.hangup)
            running.abandon()
            running.whenGone?()
        }
    }
}
