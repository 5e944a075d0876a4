import CLinux
import FastDaemonHost
import FastDaemonIO
import FastDaemonProtocol
import Synchronization

/// One session, on its loop: reads what the client sends, says what is to be done, and sends what the call wrote.
///
/// `@unchecked Sendable`: touched on its loop's thread alone, but for `pull`, `flushSoon` and `noteCancellation`.
final class Session: CallerSource, @unchecked Sendable {
    let connection: Connection
    let core: ServerCore
    let caller: Caller
    let service: RecordService

    /// How far it has come.
    enum Phase {
        /// The request is not whole.
        case request

        /// The input of an inline command that wants all of it is not there yet.
        case gathering

        /// The call goes on.
        case running

        /// How it ends is decided, and not sent yet.
        case ending

        /// Nothing is sent or received any more.
        case over
    }

    var phase = Phase.request
    private var decoder: SessionDecoder

    /// The beginning of a frame whose rest has not come.
    private let partial: ByteBuffer

    private let request = SessionRequest()
    private var hello: SessionHello?

    /// What runs, or waits for its turn; nil before, and for what the daemon answers itself.
    private(set) var call: SessionCall?
    private(set) var route: Route?

    /// The call as one that goes on; nil where it ended at once.
    var running: RunningCall?

    // What goes out; see Session+Sending.
    var outgoing: ByteBuffer
    var end: (frame: SessionEnd, text: [UInt8])?
    var isWaitingForRoom = false
    let pulls = Atomic(0)
    let isFlushPosted = Atomic(false)

    /// The end that a call is given which was told to stop, and when it has it, whether it stopped or not.
    private var surrender: (verdict: SessionVerdict, text: String, time: UInt64)?

    /// When anything was last received or sent, by the loop's clock.
    var lastProgress: UInt64
    private let begin: UInt64
    private var receivedInTurn = 0

    var loop: EventLoop { connection.loop }

    /// - Parameter exchange: the connection, as it began.
    init(_ exchange: Exchange, _ service: RecordService) {
        connection = exchange.connection
        caller = exchange.caller
        self.service = service
        core = service.core
        decoder = SessionDecoder(from: .client, requestLimit: core.limits.recordBytes)
        partial = ByteBuffer(budget: core.budget)
        outgoing = ByteBuffer(budget: core.budget)
        begin = exchange.start
        lastProgress = begin
    }

    // MARK: - Receiving

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
                    finish(.shuttingDown, "the daemon is shutting down; the request was not whole, and was not run")
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
            fail(error)
        }
        flush()
    }

    private func keep(_ rest: UnsafeRawBufferPointer) {
        if isDeaf { return }
        if !partial.append(rest) { finish(.busy, ServerCore.outOfBuffers) }
    }

    /// Whether nothing that comes matters any more: the end is on its way, and all that was written before it.
    private var isDeaf: Bool { phase == .over || phase == .ending && end == nil }

    /// Acts on each event in `bytes`. Returns how many bytes were used up.
    private func decode(_ bytes: UnsafeRawBufferPointer) throws(SessionError) -> Int {
        var offset = 0
        while !isDeaf {
            let allowance = decoder.allowance
            guard let event = try decoder.next(in: bytes.bytes, at: &offset) else { break }
            try handle(event, bytes, begun: allowance - decoder.allowance)
        }
        return offset
    }

    /// - Parameter begun: how many INPUTs began with this event.
    private func handle(_ event: SessionEvent, _ bytes: UnsafeRawBufferPointer, begun: Int) throws(SessionError) {
        switch event {
        case .hello(let hello): greet(hello)
        case .arguments(let range): request.setArguments(UnsafeRawBufferPointer(rebasing: bytes[range]))
        case .environment(let range): request.setEnvironment(UnsafeRawBufferPointer(rebasing: bytes[range]))
        case .directory(let range):
            // A path of another machine's means nothing here.
            if connection.peerAddress.isUnix { request.setDirectory(UnsafeRawBufferPointer(rebasing: bytes[range])) }
        case .terminals(let terminals): request.terminals = terminals
        case .timeout(let milliseconds): request.timeout = milliseconds
        case .run: start()
        case .input(let range):
            call?.receive(UnsafeRawBufferPointer(rebasing: bytes[range]), begun: begun)
            if phase == .gathering { gather() }
        case .endOfInput:
            call?.endInput()
            if phase == .gathering { runInline() }
        case .signal(let signal): deliver(signal)
        case .credit(let count): try call?.add(credit: count)
        case .output, .errors, .pull, .end: break  // The decoder lets a client send none of these.
        }
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
            call.signal(Int32(signal.number), cancels: true)
            core.abandon(call.id)
            if phase == .gathering { finish(.completed, status: UInt8(128) + signal.number, "") }
        } else if signal.number == SessionSignal.windowChange {
            call.resize(columns: signal.columns, rows: signal.rows)
            call.signal(Int32(signal.number), cancels: false)
        }
    }

    // MARK: - Running

    /// The request is whole.
    private func start() {
        connection.keepReading()
        if request.timeout > 0 { request.deadline = loop.now + UInt64(request.timeout) * 1_000_000 }
        guard let route = core.routing[request.name] else {
            let name = String(decoding: request.name, as: UTF8.self)
            core.logAccess(command: Printable.line(name), id: service.nextID(), self, status: 127)
            return finish(.noCommand, core.unknownCommand(name))
        }
        self.route = route
        guard let command = route.command else { return answer(route) }
        let call = SessionCall(self, request, window: hello!.window, mayWait: route.execution != .inline)
        call.prepare(command, id: service.nextID(), arguments: UnsafeRawBufferPointer(request.arguments))
        self.call = call
        connection.onHangUp { [weak self] in self?.hangUp() }
        if route.execution != .inline {
            goOn(RunningCall(call: call, route: route, gate: route.gate, received: clinux_now(), loop: loop))
        } else if command.takesInputAsItComes {
            runInline()
        } else {
            phase = .gathering
            gather()
        }
    }

    private func goOn(_ running: RunningCall) {
        self.running = running
        phase = .running
        connection.keepAlive()
    }

    /// Lets the daemon's own command answer.
    private func answer(_ route: Route) {
        let answer = route.builtIn!.run(request.words, core)
        // It holds streams, and calls nobody: the daemon's own output needs credit like any other.
        let call = SessionCall(self, request, window: hello!.window, mayWait: false)
        self.call = call
        call.write(answer.output, as: .output)
        call.write(answer.errors, as: .errors)
        let status: Int32 = answer.errors.isEmpty ? 0 : 64
        let id = service.nextID()
        let bytesOut = answer.output.utf8.count + answer.errors.utf8.count
        service.counters[route.index].countCall(status: status, bytesIn: 0, bytesOut: bytesOut)
        core.logAccess(command: route.name, id: id, self, status: status, bytesOut: bytesOut)
        finish(.completed, status: UInt8(status), "")
    }

    /// Asks for more of the input that an inline command wants to have as a whole.
    private func gather() {
        if call!.unreadBytes > core.limits.recordBytes {
            finish(
                .tooLarge,
                "\(route!.name) takes its input as a whole, and it is more than \(core.limits.recordBytes) bytes "
                    + "(limits.recordBytes)")
        } else {
            pulls.add(call!.gatherInput(), ordering: .relaxed)
        }
    }

    private func runInline() {
        let (call, route) = (call!, route!)
        let isLogged = core.log.writes(.info)
        let begin = isLogged ? clinux_now() : 0
        phase = .running
        let running = RunningCall(call: call, route: route, gate: nil, received: begin, loop: loop)
        guard case .status(let status) = call.runInline() else { return goOn(running) }
        let (bytesIn, bytesOut) = call.byteCounts
        service.counters[route.index].countCall(status: status, bytesIn: bytesIn, bytesOut: bytesOut)
        core.logAccess(running, status: status, begin: begin, bytesIn: bytesIn, bytesOut: bytesOut)
        noteEnd(status)
    }

    /// The handler has ended.
    func noteEnd(_ status: Int32) {
        if let surrender { return finish(surrender.verdict, surrender.text) }
        finish(.completed, status: UInt8(status), "")
    }

    /// The call was cancelled before its turn came.
    func noteAbandonment() {
        if let surrender { return finish(surrender.verdict, surrender.text) }
        finish(.completed, status: UInt8(truncatingIfNeeded: 128 + (call?.lastSignalNumber ?? 0)), "")
    }

    /// The number of the call in the log; 0 where there is none.
    var callID: UInt64 { route?.builtIn == nil ? call?.id ?? 0 : 0 }

    // MARK: - Time

    /// How long a handler that was told to stop has to say goodbye, in nanoseconds.
    private static let grace: UInt64 = 250_000_000

    /// When there is something to do though nothing comes.
    private var deadline: UInt64 {
        if phase == .request { return begin + nanoseconds(core.limits.firstRecordSeconds) }
        if let surrender, phase != .ending { return surrender.time }
        let stall = lastProgress + nanoseconds(core.limits.sessionIdleSeconds)
        return request.deadline > 0 && phase != .ending ? min(request.deadline, stall) : stall
    }

    private func expire() {
        let now = loop.now
        if deadline > now { return }
        switch phase {
        case .request:
            finish(
                .violation,
                "the request was not whole within \(core.limits.firstRecordSeconds) s (limits.firstRecordSeconds)")
        case .ending, .over: hangUp()
        case .gathering, .running:
            if let surrender {
                finish(surrender.verdict, surrender.text)
            } else if request.deadline > 0, request.deadline <= now {
                let seconds = Double(request.timeout) / 1000
                giveUp(.timedOut, "\(route!.name): it ran past the caller's limit of \(seconds) s", because: .time)
            } else if call?.waitsForClient == true {
                giveUp(
                    .timedOut,
                    "\(route!.name): it waited \(core.limits.sessionIdleSeconds) s for its caller to send or to read "
                        + "something (limits.sessionIdleSeconds)", because: .time)
            } else {
                // It is busy.
                lastProgress = now
            }
        }
    }

    /// Tells the call to stop, and ends the session soon whether it does or not.
    private func giveUp(_ verdict: SessionVerdict, _ text: String, because reason: CancellationReason) {
        guard let call, surrender == nil, phase == .gathering || phase == .running else { return }
        surrender = (verdict, text, loop.now + Self.grace)
        if phase == .gathering { return finish(verdict, text) }
        call.cancel(reason)
        core.abandon(call.id)
        connection.wakeReader()
    }

    /// The call was cancelled, for a reason as the ABI numbers it. From any thread.
    func noteCancellation(_ reason: Int32) {
        guard reason == CancellationReason.shutdown.rawValue else { return }
        loop.execute {
            self.giveUp(
                .shuttingDown, "\(self.route!.name): given up: the daemon is shutting down", because: .shutdown)
        }
    }

    // MARK: - The end

    /// The client broke a rule.
    private func fail(_ error: SessionError) {
        if hello == nil { sendHello() }
        if case .requestTooLarge = error { return finish(.tooLarge, "\(error) (limits.recordBytes)") }
        core.log.write(.info, "closing a session: \(error)", [("peer", .text("\(caller)"))])
        finish(.violation, "\(error)")
    }

    func finish(_ verdict: SessionVerdict, _ text: String) {
        finish(verdict, status: verdict.exitStatus ?? 0, text)
    }

    /// Decides how the session ends. What was written before is sent first.
    private func finish(_ verdict: SessionVerdict, status: UInt8, _ text: String) {
        guard phase != .ending, phase != .over else { return }
        phase = .ending
        end = (SessionEnd(verdict, status: status, call: callID), Array(text.utf8))
        flush()
    }

    /// The client is gone, or nothing reaches it any more.
    func hangUp() {
        guard phase != .over else { return }
        phase = .over
        dropCall()
        connection.wakeReader()
    }

    /// Nobody waits for the call any more.
    func dropCall() {
        guard let call else { return }
        call.closeStreams()
        guard running != nil else { return }
        call.cancel(.hangup)
        core.abandon(call.id)
    }

    /// The call has ended, and nothing more is sent: they let go of each other.
    func releaseCall() {
        call = nil
        running = nil
    }

    /// Takes note of INPUTs that the client was asked for.
    func allow(_ count: Int) { decoder.allow(count) }

    /// Whether the client may be sending something that nobody reads any more.
    var mayStillReceive: Bool { decoder.allowance > 0 }
}
