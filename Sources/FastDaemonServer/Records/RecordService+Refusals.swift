import FastDaemonIO
import FastDaemonProtocol

/// Why a connection is not let in.
struct Refusal {
    var verdict: SessionVerdict
    var text: String
}

/// Who is not let in, and how that is said.
extension RecordService {
    /// Why a connection is not let in; nil where it is, and is counted.
    func refusal(of exchange: Exchange, _ listener: ListenerConfiguration) -> Refusal? {
        if let allowed = listener.allowedUsers {
            let user = exchange.caller.user
            guard user == 0 || user == core.user || allowed.contains(user) else {
                return Refusal(verdict: .refused, text: "user \(user) may not use this socket (listen.allowUsers)")
            }
        }
        if core.connections.add(1, ordering: .relaxed).newValue <= core.limits.connections { return nil }
        core.connections.subtract(1, ordering: .relaxed)
        return Refusal(
            verdict: .busy,
            text: "\(core.limits.connections) connections are open, which is the limit (limits.connections); try again "
                + "later")
    }

    /// Tells a peer that is not let in why, and closes.
    func turnAway(_ exchange: Exchange, because refusal: Refusal) async {
        core.log.write(.warning, "turned a connection away: \(refusal.text)", [("peer", .text("\(exchange.caller)"))])
        if await isSession(exchange.connection) {
            await turnAwaySession(exchange.connection, refusal.verdict, because: refusal.text)
            return noteEnd(of: exchange)
        }
        appendError(refusal.text)
        sendOwnReply(to: exchange)
        await finish(exchange)
    }

    /// Looks at the first byte of a peer that is not let in, so that it is told in its own language.
    private func isSession(_ connection: Connection) async -> Bool {
        let deadline = loop.now + nanoseconds(1)
        guard let count = try? await connection.receive(into: loop.scratch, deadline: deadline) else { return false }
        return count > 0 && loop.scratch[0] == SessionFrame.firstByte
    }
}
