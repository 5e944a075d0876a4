import FastDaemonIO

extension Connection {
    /// Sends the end, and reads what the peer still sends, so that the kernel does not throw away the last reply along with
    /// what nobody reads (RFC 9112, 9.6, tells of the same).
    func linger() async {
        finishSending()
        // Also where the daemon stops. What a Unix socket was sent its peer can read whatever it sent itself (unix(7)).
        if !peerAddress.isUnix { keepReading() }
        let deadline = loop.now + nanoseconds(1)
        while let count = try? await receive(into: loop.scratch, deadline: deadline), count > 0, loop.now < deadline {
            // A peer that never stops sending leaves nothing to wait for; the others, and the clock, have their turn here.
            await loop.sleep(nanoseconds: 0)
        }
    }
}
