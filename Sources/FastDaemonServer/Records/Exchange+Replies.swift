import FastDaemonIO
import Glibc

/// What is owed to the peer, in order, and how it is sent.
extension Exchange {
    /// Whether replies are owed or not sent.
    var owesReplies: Bool { pending != nil || !replies.isEmpty || isFlushing || !calls.isEmpty }

    /// Whether the next request has to wait until some replies were read.
    var isFull: Bool {
        replies.count >= Self.mostOwedReplies || heldBytes + (pending?.count ?? 0) >= Self.mostHeldBytes
            || (heldBytes > 0 && core.budget.isExceeded)
    }

    /// Whether the reply of an inline call has to wait for one before it.
    var isBehind: Bool { !replies.isEmpty }

    /// Takes the next place in the order of replies.
    func reserveReply() -> OrderedReplies<ByteBuffer>.Slot { replies.reserve() }

    /// Puts a reply in its place.
    func complete(_ slot: OrderedReplies<ByteBuffer>.Slot, with reply: ByteBuffer) {
        heldBytes += reply.count
        // Counted whatever the budget says, because the reply is there; where that is too much, nothing more is read.
        _ = core.budget.take(reply.count, regardless: true)
        replies.complete(slot, with: reply)
    }

    /// Puts a reply that came from the loop's buffer behind those that are owed.
    func enqueue(_ bytes: UnsafeRawBufferPointer) throws(ExchangeError) {
        let reply = ByteBuffer(budget: core.budget)
        guard reply.append(bytes) else { throw .outOfBuffers }
        complete(replies.reserve(), with: reply)
    }

    /// Sends replies out of the loop's buffer as far as it goes now. Where something is left, the task that reads is woken, and flushes
    /// it first.
    func send(_ replies: UnsafeRawBufferPointer) {
        if isBroken { return }
        let sent = pending == nil && !isFlushing ? sendNow(replies) : 0
        guard let sent, sent < replies.count else { return }
        let rest = UnsafeRawBufferPointer(rebasing: replies[sent...])
        let pending = self.pending ?? ByteBuffer(budget: core.budget)
        if pending.append(rest, regardless: rest.count <= Self.chunkSize) {
            self.pending = pending
        } else {
            // Where the peer has a part of a reply already, an explanation would be taken for the rest of it.
            breakOff(.connection(.failed(ENOMEM)))
        }
        wakeTask()
    }

    /// Sends the next reply, before which nothing is to be sent any more, as far as it goes now. What is left needs no more memory: it
    /// stays where it is.
    func sendCompleted(_ reply: ByteBuffer) {
        takeCompleted()
        guard let sent = sendNow(reply.bytes), sent < reply.count else { return }
        reply.removeFirst(sent)
        pending = reply
        wakeTask()
    }

    /// Returns how much was sent; nil where nothing can be any more, as the task that reads is told then.
    private func sendNow(_ bytes: UnsafeRawBufferPointer) -> Int? {
        do {
            return try connection.sendNow(bytes)
        } catch {
            breakOff(.connection(error))
            wakeTask()
            return nil
        }
    }

    private func wakeTask() {
        connection.wakeReader()
        wakeReplyWaiter()
    }

    /// Whether something is there that was not sent.
    var hasToFlush: Bool { pending != nil || replies.first != nil }

    /// Sends what can be sent, in order, and waits where the peer is slow. The connection's task alone calls this.
    func flush() async throws(ExchangeError) {
        // What was answered before stands in the loop's buffer still, and goes first.
        if hasRepliesInBatch { service.sendReplies() }
        if isBroken { return }
        assert(!isFlushing, "two tasks send on one connection")
        isFlushing = true
        defer { isFlushing = false }
        while let chunk = nextChunk() {
            do throws(ConnectionError) {
                while true {
                    chunk.removeFirst(try connection.sendNow(chunk.bytes))
                    if chunk.isEmpty { break }
                    try await connection.waitUntilWritable(patience: nanoseconds(core.limits.idleSeconds))
                }
            } catch {
                breakOff(.connection(error))
                throw .connection(error)
            }
        }
        lastProgress = connection.loop.now
    }

    /// Sends nothing any more: what is left of a reply is lost.
    private func breakOff(_ error: ExchangeError) {
        isBroken = true
        failure = error
    }

    /// How much is gathered for one send.
    private static let chunkSize = 64 * 1024

    private func nextChunk() -> ByteBuffer? {
        guard let chunk = pending.take() ?? nextReply() else { return nil }
        while chunk.count < Self.chunkSize, let more = nextReply() {
            if !chunk.append(more.bytes) {
                pending = more
                break
            }
        }
        return chunk
    }

    /// The next reply, if it is its turn and it may be sent without a task; nil also where a task sends, or has to.
    var nextCompleted: ByteBuffer? { pending == nil && !isFlushing && !isBroken ? replies.first : nil }

    /// Takes that out.
    func takeCompleted() { _ = nextReply() }

    private func nextReply() -> ByteBuffer? {
        guard let reply = replies.next() else { return nil }
        heldBytes -= reply.count
        core.budget.giveBack(reply.count)
        return reply
    }
}
