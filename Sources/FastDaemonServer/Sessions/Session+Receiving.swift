import FastDaemonIO
import FastDaemonProtocol

/// What the client sends, and what it means.
extension Session {
    /// Reads and acts until `condition` is false.
    func receive(while condition: (Phase) -> Bool) async {
        while condition(phase) {
            do throws(ConnectionError) {
                if let count = try connection.receiveNow(into: loop.scratch) {
                    if count == 0 { return hangUp() }
                    receivedInTurn += count
                    process(UnsafeRawBufferPointer(rebasing: loop.scratch[..<count]))
                    guard receivedInTurn >= EventLoop.scratchSize else { continue }
                    // A client that never stops sending must not keep the loop to itself.
                    await loop.sleep(nanoseconds: 0)
                } else if try await !connection.waitUntilReadable(deadline: deadline) {
                    guard phase == .request else { return hangUp() }
                    finish(.shuttingDown, ServerCore.notWholeAtShutdown)
                }
                receivedInTurn = 0
            } catch .timedOut {
                expire()
            } catch {
                hangUp()
            }
        }
    }

    /// Acts on what came. It is lent.
    func process(_ bytes: UnsafeRawBufferPointer) {
        if isDeaf { return }
        lastProgress = loop.now
        do throws(SessionError) {
            if partial.isEmpty {
                let used = try decode(bytes)
                keep(UnsafeRawBufferPointer(rebasing: bytes[used...]))
            } else if partial.append(bytes) {
                partial.removeFirst(try decode(partial.bytes))
                if partial.isEmpty { partial.removeAll() }
            } else {
                finish(.busy, ServerCore.outOfBuffers)
            }
        } catch {
            partial.removeAll()
            fail(error)
        }
        flush()
    }

    private func keep(_ rest: UnsafeRawBufferPointer) {
        if isDeaf { return }
        if !partial.append(rest) { finish(.busy, ServerCore.outOfBuffers) }
    }

    /// Whether nothing that comes matters any more. While a command's own end waits for credit, that may come.
    private var isDeaf: Bool { phase == .over || phase == .ending && end?.frame.verdict != .completed }

    /// Acts on each event in `bytes`. Returns how many bytes were used up.
    private func decode(_ bytes: UnsafeRawBufferPointer) throws(SessionError) -> Int {
        var offset = 0
        while !isDeaf {
            let allowance = decoder.allowance
            let event = try decoder.next(in: bytes.bytes, at: &offset)
            // Counted also where nothing but the header of an INPUT has come.
            begunInputs += allowance - decoder.allowance
            guard let event else { break }
            try handle(event, bytes)
        }
        return offset
    }

    private func handle(_ event: SessionEvent, _ bytes: UnsafeRawBufferPointer) throws(SessionError) {
        switch event {
        case .hello(let hello): greet(hello)
        case .arguments(let range): take(request.setArguments(UnsafeRawBufferPointer(rebasing: bytes[range])))
        case .environment(let range): take(request.setEnvironment(UnsafeRawBufferPointer(rebasing: bytes[range])))
        case .directory(let range):
            // A path of another machine's means nothing here.
            if connection.peerAddress.isUnix { request.setDirectory(UnsafeRawBufferPointer(rebasing: bytes[range])) }
        case .terminals(let terminals): request.terminals = terminals
        case .timeout(let milliseconds): request.timeout = milliseconds
        case .run: start()
        case .input(let range):
            call?.receive(UnsafeRawBufferPointer(rebasing: bytes[range]), begun: begunInputs)
            begunInputs = 0
            if phase == .gathering { gather() }
        case .endOfInput:
            call?.endInput()
            if phase == .gathering { runInline() }
        case .signal(let signal): deliver(signal)
        case .credit(let count): try call?.add(credit: count)
        case .output, .errors, .pull, .end: break  // The decoder lets a client send none of these.
        }
    }

    /// - Parameter isKept: whether there was memory for a part of the request.
    private func take(_ isKept: Bool) {
        if !isKept { finish(.busy, ServerCore.outOfBuffers) }
    }

    private func greet(_ hello: SessionHello) {
        self.hello = hello
        sendHello()
        guard hello.major != SessionHello.version.major else { return }
        finish(
            .unsupported,
            "this daemon speaks version \(SessionHello.version.major) of the session protocol, and the client version "
                + "\(hello.major)")
    }

    private func deliver(_ signal: SessionSignal) {
        guard let call, phase != .ending else { return }
        if signal.cancels {
            cancellingSignal = cancellingSignal ?? signal.number
            call.signal(Int32(signal.number), cancels: true)
            running?.abandon()
            if phase == .gathering { finish(.completed, status: UInt8(128) + signal.number, "") }
        } else if signal.number == SessionSignal.windowChange {
            call.resize(columns: signal.columns, rows: signal.rows)
            call.signal(Int32(signal.number), cancels: false)
        }
    }

    /// The client broke a rule.
    private func fail(_ error: SessionError) {
        if case .requestTooLarge = error { return finish(.tooLarge, "\(error) (limits.recordBytes)") }
        core.log.write(.info, "closing a session: \(error)", [("peer", .text("\(caller)"))])
        finish(.violation, "\(error)")
        cancelCall(.hangup)
    }
}
