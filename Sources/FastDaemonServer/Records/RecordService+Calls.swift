import CLinux
import FastDaemonHost
import FastDaemonProtocol

/// A call that goes on after its request was taken in.
struct RunningCall: Sendable {
    let call: RecordCall
    let route: Route

    /// The plugin's place in the admission; nil for an inline call, which is running already.
    let gate: Int?

    let received: UInt64
    let bytesIn: Int
}

extension RecordService {
    enum Dispatch {
        /// The reply stands at the end of `output`.
        case answered

        /// The reply will be in the call.
        case started(RunningCall)
    }

    /// Finds the command of a request, and runs it if it is inline.
    func dispatch(
        _ line: UnsafeRawBufferPointer, input: UnsafeRawBufferPointer, _ dialect: ListenerConfiguration.Dialect,
        from source: any CallerSource
    ) -> Dispatch {
        do throws(CommandLineError) {
            if dialect == .standard { try words.split(line.bytes) } else { try words.splitAtSpaces(line.bytes) }
            if words.count == 0 { throw .empty }
        } catch {
            return refuse("\(error)", command: "", source)
        }
        guard let route = words.withFirst({ core.routing[$0] }) else {
            let name = words.strings()[0]
            return refuse(core.unknownCommand(name), command: name, source)
        }
        guard let command = route.command else {
            return answer(route.builtIn!, route, source)
        }
        if route.execution == .inline { return runInline(command, route, input, source) }
        return start(command, route, route.gate, input, source)
    }

    /// Answers a request that names no command.
    private func refuse(_ text: String, command: String, _ source: any CallerSource) -> Dispatch {
        appendError(text)
        core.logAccess(command: Printable.line(command), id: nextID(), source, status: 127)
        return .answered
    }

    private func answer(_ command: BuiltInCommand, _ route: Route, _ source: any CallerSource) -> Dispatch {
        let answer = command.run(words.strings(), core)
        output.appendText(answer.output)
        output.appendText(answer.errors)
        let status: Int32 = answer.errors.isEmpty ? 0 : 64
        let bytesOut = answer.output.utf8.count + answer.errors.utf8.count
        counters[route.index].countCall(status: status, bytesIn: 0, bytesOut: bytesOut)
        core.logAccess(command: route.name, id: nextID(), source, status: status, bytesOut: bytesOut)
        return .answered
    }

    // MARK: - Inline

    private func runInline(
        _ command: PluginCommand, _ route: Route, _ input: UnsafeRawBufferPointer, _ source: any CallerSource
    ) -> Dispatch {
        let call = spareCall ?? makeInlineCall(command)
        let isLogged = core.log.writes(.info)
        let begin = isLogged ? clinux_now() : 0
        call.prepare(command, id: nextID(), words: words)
        call.attach(input: input, from: source)
        let outcome = call.runInline()
        if !call.isReusable { spareCall = nil }
        guard case .status(let status) = outcome else {
            spareCall = nil
            output = call.detach()
            return .started(RunningCall(call: call, route: route, gate: nil, received: begin, bytesIn: input.count))
        }
        let bytesOut = call.completeReply()
        counters[route.index].countCall(status: status, bytesIn: input.count, bytesOut: bytesOut)
        if isLogged {
            let running = RunningCall(call: call, route: route, gate: nil, received: begin, bytesIn: input.count)
            core.logAccess(running, status: status, begin: begin, bytesOut: bytesOut)
        }
        return .answered
    }

    private func makeInlineCall(_ command: PluginCommand) -> RecordCall {
        let call = RecordCall(
            command: command, budget: core.budget, replyLimit: core.limits.replyBytes, output: output)
        spareCall = call
        return call
    }

    private func nextID() -> UInt64 {
        lastID += UInt64(core.loopCount)
        return lastID
    }

    // MARK: - Concurrent

    private func start(
        _ command: PluginCommand, _ route: Route, _ gate: Int, _ input: UnsafeRawBufferPointer,
        _ source: any CallerSource
    ) -> Dispatch {
        let call = RecordCall(command: command, budget: core.budget, replyLimit: core.limits.replyBytes)
        call.prepare(command, id: nextID(), words: words)
        guard call.begin(input: input, from: source) else {
            appendError(
                "\(route.name): the daemon has no more memory for buffers (limits.bufferBytes); try again later")
            counters[route.index].countRefusal()
            return .answered
        }
        return .started(RunningCall(call: call, route: route, gate: gate, received: clinux_now(), bytesIn: input.count))
    }

    /// Sees a call through to its end: its turn, its run on the pool, its reply. On the loop.
    func finish(_ running: RunningCall) async {
        let call = running.call
        core.running.add(running)
        defer { core.running.remove(running) }
        var begin = running.received
        let status: Int32
        if let gate = running.gate {
            switch await core.admission.enter(gate, ticket: call.id) {
            case .running: break
            case .busy(let waiting):
                counters[running.route.index].countRefusal()
                call.refuse(core.busy(running.route, gate, waiting: waiting))
                _ = call.completeReply()
                return
            case .abandoned:
                call.refuse("\(running.route.name): given up: the caller is gone")
                _ = call.completeReply()
                return
            }
            begin = clinux_now()
            call.hasBegun.store(true, ordering: .relaxed)
            let outcome = await withTaskExecutorPreference(core.pool) { call.runOnPool() }
            status = await ended(call, outcome)
            core.admission.leave(gate)
        } else {
            call.hasBegun.store(true, ordering: .relaxed)
            status = await call.finished()
        }
        let bytesOut = call.completeReply()
        counters[running.route.index].countCall(status: status, bytesIn: running.bytesIn, bytesOut: bytesOut)
        core.logAccess(running, status: status, begin: begin, bytesOut: bytesOut)
    }

    private func ended(_ call: RecordCall, _ outcome: Call.Outcome) async -> Int32 {
        if case .status(let status) = outcome { return status }
        return await call.finished()
    }
}
