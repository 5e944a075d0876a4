import FastDaemonIO

/// What becomes of a call that goes on after its request was read: its reply is put in its place, and sent with others when the loop
/// has nothing more to do at the moment.
extension RecordService {
    /// Has a call run that is to be answered later.
    @inline(never)
    func goOn(with owed: StartedCall, of exchange: Exchange) {
        let slot = exchange.reserveReply()
        exchange.add(owed.running)
        if owed.ownWork == nil { return run(owed.running, answering: .peer(exchange, owed.call, slot)) }
        Task(executorPreference: loop) {
            let reply = await self.finish(owed)
            self.complete(slot, of: exchange, owed.running, with: reply)
        }
    }

    /// Puts the reply of a call that went on in its place.
    func complete(
        _ slot: OrderedReplies<ByteBuffer>.Slot, of exchange: Exchange, _ running: RunningCall, with reply: ByteBuffer
    ) {
        exchange.remove(running)
        exchange.complete(slot, with: reply)
        if !exchange.hasCompleted { completed.append(exchange) }
        exchange.hasCompleted = true
    }

    /// Puts the replies that were completed in this round, and whose turn it is, behind those that are to be sent at its end.
    func gatherCompleted() {
        if completed.isEmpty { return }
        swap(&completed, &gathered)
        for exchange in gathered { gatherCompleted(of: exchange) }
        sendReplies()
        gathered.removeAll(keepingCapacity: true)
    }

    private func gatherCompleted(of exchange: Exchange) {
        exchange.hasCompleted = false
        while let reply = exchange.nextCompleted {
            if reply.count > Self.mostCopied {
                // What stands before it may fill the socket; then it is not sent from here.
                if exchange.hasRepliesInBatch { sendReplies() } else { exchange.sendCompleted(reply) }
            } else {
                exchange.takeCompleted()
                inlineCall.output.append(reply.bytes, regardless: true)
                noteReplies(to: exchange)
                if inlineCall.output.count >= Self.mostGathered { sendReplies() }
            }
        }
        exchange.lastProgress = loop.now
        exchange.wakeReplyWaiter()
    }
}
