import CLinux
import FastDaemonIO
import FastDaemonProtocol
import Synchronization

/// How what is to be sent is sent.
extension Session {
    func sendHello() {
        append { SessionEncoder.append(SessionHello(), to: &$0) }
    }

    /// Asks the client for more INPUTs. From any thread.
    func pull(_ count: Int) {
        pulls.add(count, ordering: .releasing)
        flushSoon()
    }

    /// Has what was written sent: at the end of the loop's round, or as soon as the loop is awake. From any thread.
    func flushSoon() {
        guard !isFlushPosted.exchange(true, ordering: .acquiringAndReleasing) else { return }
        if assigned != nil { clinux_add_unsent(1) }
        if loop.isCurrent { return service.flushLater(self) }
        loop.execute { self.flush() }
    }

    /// Sends as much as the client takes now, and goes on when it takes more. On the loop.
    func flush() {
        if isFlushPosted.exchange(false, ordering: .acquiringAndReleasing), assigned != nil { unsent += 1 }
        if isWaitingForRoom, phase != .over { return }
        var sentInTurn = 0
        while phase != .over, gatherOutgoing() {
            // A client that takes everything at once must not keep the loop to itself.
            if sentInTurn >= EventLoop.scratchSize { return service.flushLater(self) }
            do throws(ConnectionError) {
                let sent = try connection.sendNow(outgoing.bytes)
                outgoing.removeFirst(sent)
                sentInTurn += sent
                if sent > 0 { lastProgress = loop.now }
                if !outgoing.isEmpty {
                    isWaitingForRoom = true
                    return try connection.whenWritable { [weak self] in
                        self?.isWaitingForRoom = false
                        self?.flush()
                    }
                }
            } catch {
                return hangUp()
            }
            // A session that is quiet for long holds no memory for what it once sent.
            outgoing.removeAll()
            if phase == .ending, end == nil {
                phase = .over
                dropCall()
                connection.wakeReader()
            }
        }
        noteSent()
    }

    /// In a worker: what was written before was sent, or never will be. A crash waits for it no more.
    func noteSent() {
        if unsent == 0 { return }
        clinux_add_unsent(Int32(-unsent))
        unsent = 0
    }

    /// Puts into `outgoing` what is to be sent next. Returns whether there is anything.
    private func gatherOutgoing() -> Bool {
        // Nothing follows the end.
        if phase == .ending, end == nil { return !outgoing.isEmpty }
        // Output first: into an empty buffer it goes without a copy.
        if let call { takeFrames(of: call) }
        let pulls = pulls.exchange(0, ordering: .acquiring)
        if pulls > 0, phase != .ending {
            decoder.allow(pulls)
            append { SessionEncoder.append(pull: pulls, to: &$0) }
        }
        if let (frame, text) = end, frame.verdict != .completed || call?.isDrained ?? true {
            end = nil
            append { SessionEncoder.append(frame, text: text.span.bytes, to: &$0) }
        }
        return !outgoing.isEmpty
    }

    private func takeFrames(of call: SessionCall) {
        if outgoing.isEmpty {
            _ = call.takeFrames(&outgoing)
        } else {
            var frames = ByteBuffer(budget: core.budget)
            if call.takeFrames(&frames) { outgoing.append(frames.bytes, regardless: true) }
        }
    }

    private func append(_ encode: (inout [UInt8]) -> Void) {
        var frame: [UInt8] = []
        encode(&frame)
        frame.withUnsafeBytes { _ = outgoing.append($0, regardless: true) }
    }
}
