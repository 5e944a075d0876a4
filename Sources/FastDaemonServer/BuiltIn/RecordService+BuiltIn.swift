import CFastDaemonPlugin
import CLinux
import FastDaemonHost

/// The daemon's own commands, as records and in sessions.
extension RecordService {
    /// Lets one of the daemon's own commands answer a record. Returns nil where the reply stands at the end of the loop's
    /// output, and otherwise the call that it will be in.
    func answer(_ command: BuiltInCommand, _ route: Route, _ source: any CallerSource) -> StartedCall? {
        let request = BuiltInRequest(words: words.strings(), caller: source.caller, isSession: false)
        switch command.answer(request, core) {
        case .text(let text):
            inlineCall.output.appendText(text.output)
            inlineCall.output.appendText(text.errors)
            noteOwn(route, text.status, id: nextID(), source, bytesOut: text.output.utf8.count + text.errors.utf8.count)
            return nil
        case .later(let work):
            let call = RecordCall(budget: core.budget, replyLimit: core.limits.replyBytes)
            call.prepare(id: nextID())
            _ = call.begin(input: UnsafeRawBufferPointer(start: nil, count: 0), from: source)
            let running = RunningCall(call: call, route: route, gate: nil, received: clinux_now(), service: self)
            return StartedCall(running: running, call: call, ownWork: work)
        case .stream: preconditionFailure("a stream needs a session, which is looked at before")
        }
    }

    func noteOwn(_ route: Route, _ status: Int32, id: UInt64, _ source: any CallerSource, bytesOut: Int) {
        route.statistics[index].countCall(status: status, bytesIn: 0, bytesOut: bytesOut)
        core.logAccess(command: route.name, id: id, source, status: status, bytesOut: bytesOut)
    }

    /// Sees one of the daemon's own commands through to its reply. On the loop.
    func finish(_ started: StartedCall, _ work: @Sendable () async -> BuiltInText) async -> ByteBuffer {
        let (call, running) = (started.call, started.running)
        core.running.add(running)
        defer { core.running.remove(running) }
        call.hasBegun.store(true, ordering: .relaxed)
        let text = await work()
        for (part, stream) in [(text.output, FASTDAEMON_STANDARD_OUTPUT), (text.errors, FASTDAEMON_STANDARD_ERROR)] {
            _ = Array(part.utf8).withUnsafeBytes { call.write($0, to: UInt32(stream), mayWait: false) }
        }
        noteOwnEnd(of: running, text.status, bytesOut: call.completeReply())
        return call.reply
    }

    /// Sees one of the daemon's own commands through to the end of its session. On the loop.
    func finish(_ running: RunningCall, of session: Session, _ work: @Sendable () async -> Int32) async {
        core.running.add(running)
        defer { core.running.remove(running) }
        begin(running, at: running.received)
        watch(running)
        let status = await work()
        if let timer = running.timer.take() { loop.cancel(timer) }
        if running.clock.passed != nil {
            session.finish(.timedOut, running.clock.explanation(running.route.name))
        } else if running.call.cancellationReason == CancellationReason.shutdown.rawValue {
            session.finish(.shuttingDown, "\(running.route.name): the daemon is shutting down")
        } else {
            session.noteEnd(status)
        }
        noteOwnEnd(of: running, Int32(session.endStatus), bytesOut: session.call!.byteCounts.out)
    }

    /// What was only waited for tells nothing in the figures of times, so these are left alone.
    private func noteOwnEnd(of running: RunningCall, _ status: Int32, bytesOut: Int) {
        running.route.statistics[index].countCall(status: status, bytesIn: 0, bytesOut: bytesOut)
        core.logAccess(running, status: status, begin: running.received, end: clinux_now(), bytesOut: bytesOut)
    }

    /// The daemon is going down: what goes on as long as its caller wants it ends now.
    func endStreams() {
        for session in sessions.values where session.ownWork != nil { session.call?.cancel(.shutdown) }
    }
}
