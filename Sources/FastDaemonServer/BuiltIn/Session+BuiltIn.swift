import FastDaemonHost

extension Session {
    /// Lets one of the daemon's own commands answer.
    func answer(_ route: Route) {
        let asked = BuiltInRequest(words: request.words, caller: caller, isSession: true)
        switch route.builtIn!.answer(asked, core) {
        case .text(let text):
            // It holds streams, and calls nobody: the daemon's own output needs credit like any other.
            write(text, to: makeCall(mayWait: false))
            let bytesOut = text.output.utf8.count + text.errors.utf8.count
            service.noteOwn(route, text.status, id: callID, self, bytesOut: bytesOut)
            finish(.completed, status: UInt8(text.status), "")
        case .later(let work):
            let call = makeCall(mayWait: false)
            goOn(call, route) { [self] in
                let text = await work()
                write(text, to: call)
                return text.status
            }
        case .stream(let work):
            if loop.isEndingReads { return finish(.shuttingDown, "\(route.name): the daemon is shutting down") }
            let call = makeCall(mayWait: true)
            let output = BuiltInOutput(call, on: loop)
            goOn(call, route) { await work(output) }
        }
    }

    private func makeCall(mayWait: Bool) -> SessionCall {
        let call = SessionCall(self, request, window: hello!.window, mayWait: mayWait)
        call.prepare(id: callID)
        self.call = call
        return call
    }

    private func write(_ text: BuiltInText, to call: SessionCall) {
        call.write(text.output, as: .output)
        call.write(text.errors, as: .errors)
    }

    private func goOn(_ call: SessionCall, _ route: Route, _ work: @escaping @Sendable () async -> Int32) {
        ownWork = work
        goOn(RunningCall(call: call, route: route, gate: nil, received: clock.received, service: service, clock: clock))
    }
}
