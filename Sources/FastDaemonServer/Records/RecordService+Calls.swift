import CLinux
import FastDaemonHost
import FastDaemonIO
import FastDaemonProtocol

/// A call whose reply is owed.
struct StartedCall: Sendable {
    let running: RunningCall
    let call: RecordCall

    /// What one of the daemon's own commands does; nil for a plugin's.
    var ownWork: (@Sendable () async -> BuiltInText)?
}

extension RecordService {
    /// Finds the command of a request, and runs it if it is inline. Returns nil where the reply stands at the end of the loop's
    /// output, and otherwise the call that it will be in.
    ///
    /// What most requests are takes the short way, which is compiled into one piece; everything else stands apart from it.
    @inline(__always)
    func dispatch(
        _ line: UnsafeRawBufferPointer, input: UnsafeRawBufferPointer, _ dialect: ListenerConfiguration.Dialect,
        from source: any CallerSource
    ) -> StartedCall? {
        if dialect == .standard, let isAnswered = runPlain(line, input, source) {
            return isAnswered ? nil : startedInline.take()
        }
        return dispatchSplit(line, input: input, dialect, from: source)
    }

    /// Likewise, of any line.
    @inline(never)
    private func dispatchSplit(
        _ line: UnsafeRawBufferPointer, input: UnsafeRawBufferPointer, _ dialect: ListenerConfiguration.Dialect,
        from source: any CallerSource
    ) -> StartedCall? {
        do throws(CommandLineError) {
            if dialect == .standard { try words.split(line.bytes) } else { try words.splitAtSpaces(line.bytes) }
            if words.count == 0 { throw .empty }
        } catch {
            refuse("\(error)", command: "", source)
            return nil
        }
        guard let route = words.withFirst(core.route(of:)) else {
            let name = words.strings()[0]
            refuse(core.unknownCommand(name), command: name, source)
            return nil
        }
        guard let command = route.command else { return answer(route.builtIn!, route, source) }
        if route.execution == .inline {
            inlineCall.takeArguments(&words)
            return runInline(command, route, input, source, in: inlineCall) ? nil : startedInline.take()
        }
        return start(command, route, input, source)
    }

    /// Answers a request that names no command.
    private func refuse(_ text: String, command: String, _ source: any CallerSource) {
        appendError(text)
        core.logAccess(command: Printable.name(command), id: nextID(), source, status: 127)
    }

    // MARK: - Inline

    /// Runs an inline command from a line in which nothing is quoted, as most requests are. Returns nil where it is another
    /// line, or another command, and otherwise what `runInline` does.
    @inline(__always)
    private func runPlain(
        _ line: UnsafeRawBufferPointer, _ input: UnsafeRawBufferPointer, _ source: any CallerSource
    ) -> Bool? {
        // Lent without counting a reference: `keepOn` holds a call before it puts another in its place.
        Unmanaged.passUnretained(inlineCall)._withUnsafeGuaranteedRef { call in
            guard let name = call.takeArguments(ofPlain: line) else { return nil }
            return core.withInlineRoute(of: name) { route, command in
                runInline(command, route, input, source, in: call)
            }
        }
    }

    /// Runs an inline command whose arguments the call has taken. Returns false where its handler said "later", and the call is to
    /// be found in `startedInline`.
    @inline(__always)
    private func runInline(
        _ command: PluginCommand, _ route: Route, _ input: UnsafeRawBufferPointer, _ source: any CallerSource,
        in call: RecordCall
    ) -> Bool {
        let isTimed = timesNextCall()
        let begin = isTimed || route.timeLimit > 0 ? clinux_now() : 0
        call.prepare(command, id: nextID())
        if route.timeLimit > 0 { call.limitDeadline = begin + route.timeLimit }
        call.attach(input: input, from: source)
        guard case .status(let status) = call.runInline() else {
            keepOn(call, route, begin: begin)
            return false
        }
        let bytesOut = call.completeReply()
        if isTimed {
            note(call, of: route, status: status, begin: begin, bytesIn: input.count, bytesOut: bytesOut)
        } else {
            route.statistics[index].countCall(status: status, bytesIn: input.count, bytesOut: bytesOut)
        }
        call.reset()
        return true
    }

    /// Has a call go on whose handler said "later", and puts another in its place as the loop's own.
    ///
    /// - Parameter begin: when it began, on the monotonic clock; 0 where it was not timed.
    @inline(never)
    private func keepOn(_ call: RecordCall, _ route: Route, begin: UInt64) {
        let received = begin > 0 ? begin : clinux_now()
        let running = RunningCall(
            call: call, route: route, gate: nil, received: received, service: self,
            clock: CallClock(received: received, pluginsLimit: route.timeLimit))
        startedInline = StartedCall(running: running, call: call)
        inlineCall = RecordCall(budget: core.budget, replyLimit: core.limits.replyBytes, output: call.detach())
    }

    func nextID() -> UInt64 {
        lastID += UInt64(core.loopCount)
        return lastID
    }

    // MARK: - Concurrent

    private func start(
        _ command: PluginCommand, _ route: Route, _ input: UnsafeRawBufferPointer, _ source: any CallerSource
    ) -> StartedCall? {
        let call = newCall()
        call.prepare(command, id: nextID(), words: &words)
        guard call.begin(input: input, from: source) else {
            appendError("\(route.name): \(ServerCore.outOfBuffers)")
            route.statistics[index].countRefusal()
            core.logAccess(command: route.name, id: call.id, source, status: ServerCore.tryAgain)
            return nil
        }
        let received = clinux_now()
        let running = RunningCall(
            call: call, route: route, gate: route.gate, received: received, service: self,
            clock: CallClock(received: received, pluginsLimit: route.timeLimit))
        return StartedCall(running: running, call: call)
    }

    /// A call on its own: one that has ended, made like new, if there is one.
    private func newCall() -> RecordCall {
        guard let call = freeCalls.popLast() else {
            return RecordCall(budget: core.budget, replyLimit: core.limits.replyBytes)
        }
        call.replyLimit = core.limits.replyBytes
        return call
    }

    /// How many calls each loop keeps to be used again: as many as one plugin's that run at once, unless the config says otherwise.
    private static let mostFreeCalls = 32

    /// Takes note of a call that has ended, so that its object is used again when nobody holds it any more.
    func noteSpent(_ call: RecordCall) {
        if spentCalls.count + freeCalls.count < Self.mostFreeCalls { spentCalls.append(call) }
    }

    /// Makes those like new that nobody holds any more. The thread that a call ran on lets go of it a moment after it has said so.
    func recoverSpentCalls() {
        var kept = 0
        for index in spentCalls.indices {
            if isKnownUniquelyReferenced(&spentCalls[index]) {
                if spentCalls[index].recover() { freeCalls.append(spentCalls[index]) }
            } else {
                spentCalls.swapAt(kept, index)
                kept += 1
            }
        }
        spentCalls.removeLast(spentCalls.count - kept)
    }

    /// Sees a call through to its reply. On the loop.
    func finish(_ started: StartedCall) async -> ByteBuffer {
        if let work = started.ownWork { return await finish(started, work) }
        return reply(of: started, await run(started.running))
    }

    /// Completes the reply of a call that ended, or whose caller is answered in its place.
    func reply(of started: StartedCall, _ end: CallEnd) -> ByteBuffer {
        let (call, route) = (started.call, started.running.route)
        switch end {
        case .ended(let status, let begin):
            let bytesOut = call.completeReply()
            note(started.running, status: status, begin: begin, bytesIn: call.inputCount, bytesOut: bytesOut)
        case .givenUp(let text, let verdict, let begin):
            noteGivenUp(started.running, verdict, begin: begin, bytesIn: call.inputCount, bytesOut: 0)
            return call.outlive(text)
        case .failed(let failure):
            let bytesOut = call.completeReply(afterFailure: failure.text)
            note(
                started.running, status: Int32(failure.status), begin: failure.begin, bytesIn: call.inputCount,
                bytesOut: bytesOut)
        case .busy(let text):
            call.refuse(text)
            _ = call.completeReply()
        case .abandoned, .noDirectory:
            call.refuse("\(route.name): given up: the caller is gone")
            _ = call.completeReply()
        }
        return call.reply
    }
}
