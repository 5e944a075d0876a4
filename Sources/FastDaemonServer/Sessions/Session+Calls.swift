import CLinux
import FastDaemonHost
import FastDaemonProtocol
import Synchronization

/// How the request becomes a call, and the call an end.
extension Session {
    /// The request is whole.
    func start() {
        connection.keepReading()
        let received = clinux_now()
        let callersLimit = UInt64(request.timeout) * 1_000_000
        if callersLimit > 0 { request.deadline = received + callersLimit }
        callID = assigned?.id ?? service.nextID()
        guard let route = assigned.map({ core.route(named: $0.command) }) ?? core.route(of: request.name)
        else {
            let name = String(decoding: request.name, as: UTF8.self)
            core.logAccess(command: Printable.name(name), id: callID, self, status: 127)
            return finish(.noCommand, core.unknownCommand(name))
        }
        self.route = route
        clock = CallClock(received: received, callersLimit: callersLimit, pluginsLimit: route.timeLimit)
        guard let command = route.command else { return answer(route) }
        let call = SessionCall(self, request, window: hello!.window, mayWait: route.execution != .inline)
        call.prepare(command, id: callID, arguments: UnsafeRawBufferPointer(request.arguments))
        self.call = call
        defer { if let earlyCancellation { noteCancellation(earlyCancellation) } }
        if route.execution != .inline {
            goOn(
                RunningCall(
                    call: call, route: route, gate: route.gate, received: received, service: service, clock: clock))
            return
        }
        // Its turn is now. The time that its input takes is its own.
        clock.begin(at: received)
        if let earlyCancellation { call.cancel(earlyCancellation) }
        call.limitDeadline = clock.deadline ?? 0
        if command.takesInputAsItComes {
            runInline()
        } else {
            phase = .gathering
            gather()
        }
    }

    func goOn(_ running: RunningCall) {
        self.running = running
        phase = .running
        connection.keepAlive()
        connection.onHangUp { [weak self] in self?.hangUp() }
    }

    /// Asks for more of the input that an inline command wants to have as a whole.
    func gather() {
        if call!.unreadBytes > core.limits.recordBytes {
            finish(
                .tooLarge,
                "\(route!.name) takes its input as a whole, and it is more than \(core.limits.recordBytes) bytes "
                    + "(limits.recordBytes)")
        } else {
            pulls.add(call!.gatherInput(), ordering: .relaxed)
        }
    }

    func runInline() {
        let (call, route) = (call!, route!)
        let begin = clinux_now()
        phase = .running
        let running = RunningCall(
            call: call, route: route, gate: nil, received: begin, service: service, clock: clock)
        guard case .status(let status) = call.runInline() else { return goOn(running) }
        let (bytesIn, bytesOut) = call.byteCounts
        service.note(running, status: status, begin: begin, bytesIn: bytesIn, bytesOut: bytesOut)
        noteEnd(status)
    }

    /// The handler has ended.
    func noteEnd(_ status: Int32) {
        if let surrender { return finish(surrender.verdict, surrender.text) }
        finish(.completed, status: UInt8(status), "")
    }

    /// The call ended otherwise than by its handler.
    func noteFailure(_ failure: CallFailure) {
        if let surrender { return finish(surrender.verdict, surrender.text) }
        finish(failure.verdict, status: failure.status, failure.text)
    }

    /// The call was cancelled before its turn came.
    func noteAbandonment() {
        noteEnd(128 + Int32(cancellingSignal ?? 0))
    }
}
