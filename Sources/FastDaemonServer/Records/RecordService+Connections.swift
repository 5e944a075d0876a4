import CLinux
import FastDaemonIO
import FastDaemonPipeline
import FastDaemonProtocol

/// The connections of a loop, from their first moment to their last.
///
/// What comes is served on the loop for as long as nothing has to be waited for but the next request; most connections never
/// need a task, and calls that go on do not either. Where something else has to be waited for (a session, a peer that takes no
/// replies, the end of a peer that is told why), a connection is handed over to a task, which gives it back when the loop can go on
/// by itself.
extension RecordService {
    /// Lets a connection of this loop in, or not. From any thread.
    func take(_ connection: Connection, of listener: OpenListener) {
        guard loop.isCurrent else { return loop.execute { self.take(connection, of: listener) } }
        assert(takesConnections, "a connection came after the last")
        let configuration = listener.configuration
        let exchange = Exchange(connection, configuration.dialect, servedBy: self)
        connectionCount += 1
        exchange.refusal = refusal(of: exchange, configuration)
        exchange.serve()
    }

    /// No connection will be taken any more. From any thread, after the last was; one that another loop gave to this one is on its
    /// way, and goes first.
    func takeNoMore() async {
        await loop.visit {
            self.takesConnections = false
            self.endIfOver()
        }
    }

    /// Gives a connection to a task of its own, which goes on with it. On the loop.
    func handOver(_ exchange: Exchange) {
        if case .terminated = waitingEnd.yield(exchange) { assertionFailure("nobody waits for connections any more") }
    }

    /// Goes on with the connections that something has to be waited for, side by side, until there are none any more.
    func serveWaiting() async {
        await waiting.forEachConcurrently(on: \.connection.loop) { exchange in
            if let refusal = exchange.refusal {
                await self.turnAway(exchange, because: refusal)
            } else {
                await self.goOn(with: exchange)
            }
        }
    }

    /// Answers requests one batch after the other, until the loop can go on by itself or the connection has ended.
    private func goOn(with exchange: Exchange) async {
        do throws(ExchangeError) {
            while true {
                if exchange.hasToFlush { try await exchange.flush() }
                if exchange.serveOnLoop() { return }
                if let session = exchange.session {
                    await serveSession(session)
                    return noteEnd(of: exchange)
                }
                guard let input = try await exchange.receive() else { break }
                if exchange.beginsSession(input) {
                    beginSession(of: exchange, with: input)
                } else {
                    try process(input, of: exchange)
                }
            }
        } catch {
            end(exchange, because: error)
        }
        await exchange.waitForCalls()
        await finish(exchange)
    }

    // MARK: - The end of a connection

    /// Tells the peer, in its turn, why nothing more is read from it; calls that run go on, and are answered.
    private func end(_ exchange: Exchange, because error: ExchangeError) {
        guard let text = explanation(of: error) else {
            exchange.cancelCalls()
            return
        }
        core.log.write(.info, "closing a connection: \(text)", [("peer", .text("\(exchange.caller)"))])
        appendError(text)
        sendOwnReply(to: exchange)
    }

    /// What the peer is told; nil where there is nobody to tell, or nothing.
    private func explanation(of error: ExchangeError) -> String? {
        switch error {
        case .connection, .idle: nil
        case .record(let error): "not a record: \(error)"
        case .slowRecord(let limit, let seconds): "a whole record did not come within \(seconds) s (limits.\(limit))"
        case .shuttingDown: ServerCore.notWholeAtShutdown
        case .outOfBuffers: ServerCore.outOfBuffers
        }
    }

    /// Sends what is still owed, and closes.
    func finish(_ exchange: Exchange) async {
        sendReplies()
        do {
            try await exchange.flush()
            if !exchange.hasReadEnd { await exchange.connection.linger() }
        } catch {
            // The peer is gone; nothing can be sent any more.
        }
        exchange.connection.close()
        noteEnd(of: exchange)
    }

    /// Closes a connection that is over, without a task. Returns false where the peer does not take its last replies at once.
    func close(_ exchange: Exchange) -> Bool {
        if exchange.hasRepliesInBatch {
            sendReplies()
            if !exchange.isOver { return false }
        }
        exchange.connection.close()
        noteEnd(of: exchange)
        return true
    }

    func noteEnd(of exchange: Exchange) {
        if exchange.refusal == nil {
            core.lastActivity.store(clinux_now(), ordering: .relaxed)
            core.connections.subtract(1, ordering: .releasing)
        }
        connectionCount -= 1
        endIfOver()
    }

    private func endIfOver() {
        if !takesConnections, connectionCount == 0 { waitingEnd.finish() }
    }
}
