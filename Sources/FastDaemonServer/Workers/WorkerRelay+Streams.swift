import CFastDaemonPlugin
import FastDaemonHost
import FastDaemonProtocol
import FastDaemonSystem

/// What goes into the session, and what comes out of it.
extension WorkerRelay {
    // MARK: - The request

    func appendRequest() throws(IOError) {
        SessionEncoder.append(SessionHello(window: UInt32(Self.window)), to: &outbox)
        allow(Self.window)
        try append(call.argumentList(), as: .arguments)
        if !call.environment.isEmpty { try append(call.environment, as: .environment) }
        let directory = call.workingDirectory
        if directory.count > 0 {
            SessionEncoder.appendHeader(.directory, count: directory.count, to: &outbox)
            outbox.append(contentsOf: UnsafeRawBufferPointer(start: directory.data, count: directory.count))
        }
        let terminals = terminals
        if terminals.streams != 0 { SessionEncoder.append(terminals, to: &outbox) }
        SessionEncoder.appendHeader(.run, count: 0, to: &outbox)
    }

    private func append(
        _ strings: UnsafeBufferPointer<fastdaemon_bytes>, as type: SessionFrameType
    ) throws(IOError) {
        let count = strings.reduce(0) { $0 + $1.count + 1 }
        guard count <= SessionFrame.mostDeclarableBytes else {
            throw IOError(
                "call", "a worker process",
                because: "the words are \(count) bytes long, and it takes \(SessionFrame.mostDeclarableBytes) at most")
        }
        SessionEncoder.appendHeader(type, count: count, to: &outbox)
        for string in strings {
            outbox.append(contentsOf: UnsafeRawBufferPointer(start: string.data, count: string.count))
            outbox.append(0)
        }
    }

    /// The caller's terminals.
    private var terminals: SessionTerminals {
        var terminals = SessionTerminals(streams: 0, columns: 0, rows: 0)
        for stream in 0...2 {
            var found = fastdaemon_terminal(
                size: MemoryLayout<fastdaemon_terminal>.size, is_terminal: 0, columns: 0, rows: 0)
            call.fill(&found, of: UInt32(stream))
            guard found.is_terminal != 0 else { continue }
            terminals.streams |= 1 << UInt8(stream)
            terminals.columns = UInt16(truncatingIfNeeded: found.columns)
            terminals.rows = UInt16(truncatingIfNeeded: found.rows)
        }
        return terminals
    }

    /// Tells the handler of a new size, where there was a signal that said so.
    func tellSize() {
        guard !call.awaits(FASTDAEMON_EVENT_SIGNAL) else { return }
        // Before it is told: what comes meanwhile is told again.
        ask(for: FASTDAEMON_EVENT_SIGNAL)
        let size = terminals
        SessionEncoder.append(
            SessionSignal(SessionSignal.windowChange, columns: size.columns, rows: size.rows), to: &outbox)
    }

    // MARK: - Input

    /// Sends what the handler asked for, as far as it is there. After a cancellation it is not waited for: the handler is told.
    func passInput() {
        while owedInputs > 0, !inputHasEnded {
            // What a worker asks for and does not take stays with the caller.
            isInputHeld = outbox.count - sent >= Self.window
            if isInputHeld { return }
            if piece.isEmpty {
                var found = fastdaemon_bytes(data: nil, count: 0)
                switch call.read(&found, mayWait: false) {
                case 1: piece = UnsafeRawBufferPointer(start: found.data, count: found.count)
                case Int32(FASTDAEMON_ERROR_AGAIN): return ask(for: FASTDAEMON_EVENT_READABLE)
                case Int32(FASTDAEMON_ERROR_CANCELLED): return
                default: inputHasEnded = true
                }
            }
            let count = min(piece.count, SessionFrame.mostBytes)
            SessionEncoder.appendHeader(.input, count: count, to: &outbox)
            outbox.append(contentsOf: piece[..<count])
            piece = UnsafeRawBufferPointer(rebasing: piece[count...])
            owedInputs -= 1
        }
    }

    // MARK: - Output

    /// Takes output of the handler's.
    func write(_ bytes: Slice<UnsafeRawBufferPointer>, to stream: UInt32) {
        if isDeaf { return give(credit: bytes.count) }
        let taken = backlog.isEmpty ? pass(UnsafeRawBufferPointer(rebasing: bytes), to: stream) : 0
        if taken == bytes.count { return }
        // Whatever the budget: the handler had the credit for it.
        _ = backlog.append(UnsafeRawBufferPointer(rebasing: bytes.dropFirst(taken)), to: stream, regardless: true)
    }

    /// Hands on what the call could not take before.
    func writeBacklog() {
        while let (stream, bytes) = backlog.front {
            let taken = pass(bytes, to: stream)
            // What was cancelled or closed may have emptied it.
            guard !backlog.isEmpty else { return }
            backlog.removeFirst(taken)
            if taken < bytes.count { return ask(for: FASTDAEMON_EVENT_WRITABLE) }
        }
    }

    /// Writes to the call. Returns how many bytes are done with: taken, or dropped because nobody will take them.
    private func pass(_ bytes: UnsafeRawBufferPointer, to stream: UInt32) -> Int {
        let result = call.write(bytes, to: stream, mayWait: false)
        var done = Int(result)
        switch result {
        case Int64(FASTDAEMON_ERROR_AGAIN): done = 0
        case ..<0:
            if result == Int64(FASTDAEMON_ERROR_LIMIT) { tellLimit() }
            if result == Int64(FASTDAEMON_ERROR_CLOSED) { hangUp() }
            done = bytes.count
        default: break
        }
        give(credit: done)
        return done
    }

    /// The call takes no more of its output: as its write would have said, so the cancellation does.
    private func tellLimit() {
        if hasToldLimit { return }
        hasToldLimit = true
        call.cancel(.limit)
    }

    private func give(credit: Int) {
        creditOwed += credit
        guard creditOwed >= Self.window / 2 else { return }
        allow(creditOwed)
        SessionEncoder.append(credit: creditOwed, to: &outbox)
        creditOwed = 0
    }
}
