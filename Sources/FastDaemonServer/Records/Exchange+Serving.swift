import FastDaemonIO

/// How requests are served on the loop, without a task.
extension Exchange {
    /// Serves what is there, and has what comes served on the loop: for as long as nothing has to be waited for but the next
    /// request. Returns false where something else has, which is for a task to do; `receive` says what.
    func serveOnLoop() -> Bool {
        do throws(ExchangeError) {
            while !needsTask {
                if receivedInTurn >= EventLoop.scratchSize {
                    // A peer that never stops sending must not keep the loop to itself, nor from ending.
                    guard connection.waitForTurn(self) else { return false }
                    receivedInTurn = 0
                    return true
                }
                guard mayReceive, let input = try receiveNow() else {
                    receivedInTurn = 0
                    let deadline = deadline
                    return deadline > connection.loop.now && connection.waitUntilReadable(deadline: deadline, for: self)
                }
                if beginsSession(input) {
                    service.beginSession(of: self, with: input)
                } else if !input.isEmpty {
                    try service.process(input, of: self)
                }
            }
        } catch {
            failure = error
        }
        return isOver && service.close(self)
    }

    /// Whether the peer has said all, and nothing is left to be done but to send the replies of this round.
    var isOver: Bool {
        // A Unix socket keeps what was sent when it is closed; TCP may lose it.
        if let session { return session.isOver && connection.peerAddress.isUnix }
        return hasReadEnd && failure == nil && refusal == nil && partialIsEmpty && pending == nil
            && replies.isEmpty
    }

    /// Whether something else is to be done than to look for what comes.
    var needsTask: Bool {
        session != nil || pending != nil || partialMayHoldRecord || hasReadEnd || failure != nil
            || refusal != nil || isFull
    }
}
