import Glibc

extension LoadGenerator {
    /// Reads what has come on a connection, and issues the next requests that this makes room for.
    ///
    /// - Parameter isEnding: The peer will send nothing more, so the end is read as well.
    mutating func receive(_ index: Int, isEnding: Bool) {
        while connections[index].isOpen {
            let received = recv(
                connections[index].descriptor, buffer.baseAddress!, buffer.count, Int32(MSG_DONTWAIT))
            if received > 0 {
                let now = monotonicNow()
                take(received, on: index, at: now, isEnding: isEnding)
                // Edge-triggered: what came after this read is announced by an event of its own.
                let isDrained = endpoint.isDatagram ? connections[index].owed == 0 : received < buffer.count
                if isDrained && !isEnding { break }
            } else if received == 0 {
                fail(index, .short) { "the connection ended before the reply did" }
            } else if errno == EAGAIN {
                break
            } else if errno != EINTR {
                failWithErrno(index, doing: "receiving")
            }
        }
    }

    /// Counts the replies among the first `count` bytes of the buffer.
    private mutating func take(_ count: Int, on index: Int, at now: UInt64, isEnding: Bool) {
        connections[index].lastActivity = now
        let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count]).bytes
        var offset = 0
        var counted = 0
        do throws(MalformedReply) {
            while let reply = try connections[index].scanner.nextReply(in: bytes, at: &offset) {
                guard connections[index].owed > 0 else {
                    throw MalformedReply(reason: "a reply came that nothing was asked for")
                }
                finish(reply, on: index, at: now)
                tally.bytesReceived += offset - counted
                counted = offset
                startCountingIfDue(now)
            }
            if endpoint.isDatagram, connections[index].scanner.isInsideReply {
                throw MalformedReply(reason: "a datagram ended before its reply did")
            }
        } catch {
            // Bytes that nothing was asked for lose no request, and are a failure all the same.
            if connections[index].owed == 0 { tally.count(.malformed) { error.reason } }
            return fail(index, .malformed) { error.reason }
        }
        tally.bytesReceived += count - counted
        guard connections[index].owed == 0 || options.rate != nil else { return }
        // A connection that the daemon has closed after its reply is no place for the next request.
        if options.reconnects || (isEnding && connections[index].owed == 0) { shut(index) }
        enqueue(index)
        issue(at: now)
    }

    private mutating func finish(_ reply: Reply, on index: Int, at now: UInt64) {
        let oldest = connections[index].oldest
        let due = dueTimes[index * options.pipeline + oldest]
        tally.latencies.record(now > due ? now - due : 0)
        tally.lastReply = now
        connections[index].oldest = oldest + 1 < options.pipeline ? oldest + 1 : 0
        connections[index].owed -= 1
        finished += 1
        connectFailuresInARow = 0
        if reply == .refusal {
            let scanner = connections[index].scanner
            tally.count(.refused) { scanner.refusal }
        }
    }
}
