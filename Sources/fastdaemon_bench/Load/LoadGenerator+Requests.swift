import CBench
import Glibc

extension LoadGenerator {
    /// Issues what is due, as far as there are connections with room.
    mutating func issue(at now: UInt64) {
        var due = schedule.requestsDue(at: now) - issued
        while due > 0, ending == nil, let index = free.popFirst() {
            connections[index].isQueued = false
            if !connections[index].isOpen {
                guard reopen(index) else { return }
            }
            due -= issue(upTo: due, on: index, at: now)
            flush(index)
            if options.rate != nil { enqueue(index) }
        }
    }

    /// Puts a connection into the queue of those with room, if it has some. In the closed loop that is when nothing is
    /// owed, so that a whole batch goes out at once.
    mutating func enqueue(_ index: Int) {
        let limit = options.rate == nil ? 1 : options.pipeline
        guard !connections[index].isQueued, connections[index].owed < limit, connections[index].unsent.isEmpty else {
            return
        }
        connections[index].isQueued = true
        free.append(index)
    }

    /// Sends what there is to send, as far as the socket takes it.
    mutating func flush(_ index: Int) {
        while !connections[index].unsent.isEmpty {
            let unsent = connections[index].unsent
            let size = endpoint.isDatagram ? requestSize : unsent.count
            let sent = batch.withUnsafeBytes { bytes in
                send(
                    connections[index].descriptor, bytes.baseAddress! + unsent.lowerBound, size,
                    Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
            }
            if sent >= 0 {
                tally.bytesSent += sent
                connections[index].unsent = unsent.lowerBound + sent..<unsent.upperBound
            } else if errno == EAGAIN {
                return awaitWritability(of: index, true)
            } else if errno != EINTR {
                return failWithErrno(index, doing: "sending")
            }
        }
        awaitWritability(of: index, false)
    }

    /// Opens a socket for a connection that has none.
    mutating func open(_ index: Int) throws(ConnectionError) {
        let descriptor = try endpoint.connect(timeout: options.timeout, ordinal: options.reconnects ? issued : nil)
        connections[index].descriptor = descriptor
        connections[index].scanner = codec.makeScanner()
        connections[index].awaitsWritability = false
        poller.add(descriptor, index: index, awaitsWritability: false)
    }

    /// Counts everything that a connection owes as failed, and closes it; the next request for it opens another.
    mutating func fail(_ index: Int, _ failure: Tally.Failure, reason: () -> String) {
        let lost = connections[index].owed
        tally.count(failure, requests: lost, reason: reason)
        finished += lost
        connections[index].owed = 0
        connections[index].unsent = 0..<0
        shut(index)
        enqueue(index)
    }

    /// Fails a connection for what errno says.
    mutating func failWithErrno(_ index: Int, doing activity: String) {
        let code = errno
        let endpoint = endpoint
        switch code {
        case ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH:
            countConnectFailure()
            fail(index, .connect) { endpoint.failure(code).reason }
        default:
            fail(index, .reset) { "\(activity): \(describe(code))" }
        }
    }

    mutating func shut(_ index: Int) {
        close(connections[index].descriptor)
        connections[index].descriptor = -1
    }

    /// - Returns: how many requests were issued; they stand in the connection's `unsent`.
    private mutating func issue(upTo due: Int, on index: Int, at now: UInt64) -> Int {
        let ring = index * options.pipeline
        let count = min(due, options.pipeline - connections[index].owed)
        for offset in 0..<count {
            let position = (connections[index].oldest + connections[index].owed + offset) % options.pipeline
            dueTimes[ring + position] = schedule.dueTime(of: issued + offset, at: now)
        }
        issued += count
        connections[index].owed += count
        connections[index].lastActivity = now
        connections[index].unsent = 0..<count * requestSize
        return count
    }

    /// - Returns: whether the connection is open again. If not, the request it was for is lost.
    private mutating func reopen(_ index: Int) -> Bool {
        do {
            try open(index)
            return true
        } catch {
            issued += 1
            finished += 1
            countConnectFailure()
            tally.count(.connect) { error.reason }
            enqueue(index)
            return false
        }
    }

    /// After so many in a row the daemon is taken for gone. A failed attempt is repeated after 100 ms, so that a daemon
    /// has time to be started anew.
    private mutating func countConnectFailure() {
        connectFailuresInARow += 1
        if connectFailuresInARow >= 20 { ending = .unreachable }
    }

    private mutating func awaitWritability(of index: Int, _ awaits: Bool) {
        guard connections[index].awaitsWritability != awaits else { return }
        connections[index].awaitsWritability = awaits
        poller.change(connections[index].descriptor, index: index, awaitsWritability: awaits)
    }
}
