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
        } catch {
            appendError("\(error)")
            return .answered
        }
        guard let route = words.withFirst({ core.routing[$0] }) else {
            appendError(core.unknownCommand(words.strings()[0]))
            return .answered
        }
        switch route.action {
        case .builtIn(let command):
            answer(command, route)
            return .answered
        case .plugin(let command, .inline, _):
            return runInline(command, route, input, source)
        case .plugin(let command, _, let gate):
            return start(command, route, gate, input, source)
        }
    }

    private func answer(_ command: BuiltInCommand, _ route: Route) {
        let answer = command.run(words.strings(), core)
        output.append(count: answer.output.utf8.count)
        output.append(answer.output)
        output.append(count: answer.errors.utf8.count)
        output.append(answer.errors)
        counters[route.index].countCall(
            status: answer.errors.isEmpty ? 0 : 64, bytesIn: 0, bytesOut: answer.output.utf8.count)
    }

    // MARK: - Inline

    private func runInline(
        _ command: PluginCommand, _ route: Route, _ input: UnsafeRawBufferPointer, _ source: any CallerSource
    ) -> Dispatch {
        let call = spareCall ?? RecordCall(command: command, budget: core.budget, replyLimit: core.limits.replyBytes)
        spareCall = call
        let isLogged = core.log.writes(.info)
        let begin = isLogged ? clinux_now() : 0
        call.prepare(command, id: nextID(), words: words)
        call.attach(input: input, output: output, from: source)
        let outcome = call.runInline()
        if outcome == .later || !call.isReusable { spareCall = nil }
        guard case .status(let status) = outcome else {
            call.detach()
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
            case .abandoned: return
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
