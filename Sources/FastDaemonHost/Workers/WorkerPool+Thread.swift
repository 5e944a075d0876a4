import CLinux
import FastDaemonSystem
import Glibc

/// What the pool's thread does: it starts workers, hears what they say, and takes note of their ends.
extension WorkerPool {
    /// Starts the pool with one worker, and waits until that has loaded the library: then the others follow.
    func start() throws(PluginError) -> WorkerDescription {
        clinux_keep_children()
        do {
            try startThread("workers", as: "its thread", run)
        } catch {
            throw PluginError(image.path, .cannotStartWorker(error))
        }
        var heard = clinux_load_acquire(bell)
        while true {
            if let start = state.withLock({ $0.start }) {
                if case .failure = start { close() }
                return try start.get()
            }
            clinux_wait_while(bell, heard)
            heard = clinux_load_acquire(bell)
        }
    }

    private func ring() {
        clinux_add_release(bell, 1)
        clinux_wake_all(bell)
    }

    private enum Source: UInt64 {
        case control = 1
        case end = 2
    }

    private func run() {
        _ = clinux_epoll_add_source(epoll.number, wakeup.number, 0, false)
        var events = [clinux_event](repeating: clinux_event(), count: 64)
        while true {
            let now = clinux_now()
            decide(at: now) { $0.machine.tick(at: now) }
            while obey() {}
            let (isOver, deadline) = state.withLock { state in
                state.hasEnded = state.machine.isClosed && state.machine.workers.isEmpty
                return (state.hasEnded, state.machine.nextDeadline)
            }
            if isOver { return ring() }
            let wait = deadline.map { Int64(clamping: $0 - min($0, clinux_now())) } ?? -1
            let count = clinux_epoll_wait(epoll.number, &events, Int32(events.count), wait)
            for event in events.prefix(Int(max(0, count))) where event.token != 0 {
                let worker = Int(event.token >> 2)
                if event.token & 3 == Source.end.rawValue { noteEnd(of: worker) } else { listen(to: worker) }
            }
        }
    }

    /// Does what is to be done now. Returns whether there was anything.
    private func obey() -> Bool {
        let orders = state.withLock { state in
            defer { state.orders = [] }
            return state.orders
        }
        for order in orders {
            switch order {
            case .start(let worker): start(worker)
            case .stop(let worker): process(worker)?.send(.stop)
            case .terminate(let worker): process(worker)?.signal(SIGTERM)
            case .kill(let worker): process(worker)?.signal(SIGKILL)
            case .run, .refuse: break  // `decide` has done these.
            }
        }
        return !orders.isEmpty
    }

    private func process(_ worker: Int) -> WorkerProcess? { state.withLock { $0.processes[worker] } }

    // MARK: - One worker

    private func start(_ worker: Int) {
        do {
            let setup = state.withLock { $0.setup.bytes }
            let process = try WorkerProcess(
                number: worker, image: image.descriptor, setup: sealed(setup), environment: environment,
                tests: worker == 1)
            state.withLock { $0.processes[worker] = process }
            joiners[worker] = MessageJoiner()
            try watch(process.control, worker, .control)
            try watch(process.watch, worker, .end)
        } catch {
            fail(to: .cannotStartWorker(error))
            if let process = process(worker) {
                // Its end would not be told, so it is waited for here, once.
                process.signal(SIGKILL)
                while process.reap() == nil { clinux_sleep(100_000) }
                joiners[worker] = nil
            }
            if StartShortage.isSpokenOf(by: error.code) { return noteShortage(of: worker, error) }
            noteEnd(of: worker, "\(error)")
        }
    }

    /// A worker could not be started, which is nobody's fault.
    private func noteShortage(of worker: Int, _ error: IOError) {
        let now = clinux_now()
        var isNew = false
        decide(at: now) { state in
            isNew = !state.machine.shortage.isThere
            state.processes[worker] = nil
            state.lastShortage = "\(error)"
            return state.machine.noteShortage(worker, at: now)
        }
        guard isNew, case .success? = state.withLock({ $0.start }) else { return }
        log.write(
            .warning, "\(error); it is tried again", plugin: state.withLock { $0.name }, call: nil)
    }

    private func sealed(_ setup: [UInt8]) throws(IOError) -> Descriptor {
        Descriptor(
            owning: try check(
                clinux_sealed_bytes(setup, setup.count, "setup"), "make", "the memory with a worker's settings"))
    }

    private func watch(_ descriptor: borrowing Descriptor, _ worker: Int, _ source: Source) throws(IOError) {
        let token = UInt64(worker) << 2 | source.rawValue
        _ = try check(
            clinux_epoll_add_source(epoll.number, descriptor.number, token, false), "watch", "a worker process")
    }

    /// Takes what a worker says, which is how loading went.
    private func listen(to worker: Int) {
        guard let process = process(worker) else { return }
        var packet = [UInt8](repeating: 0, count: MessagePackets.longest)
        while true {
            var attached: Int32 = -1
            let count = clinux_receive_message(process.control.number, &packet, packet.count, &attached)
            if attached >= 0 { clinux_close(attached) }
            // The socket tells once that something came: what is not taken now would be waited for until the time is over.
            if count < 0, count != -Int(EAGAIN), joiners[worker] != nil { process.signal(SIGKILL) }
            if count <= 0 { return }
            do throws(MessageError) {
                // One answer is all that a worker says.
                guard joiners[worker] != nil else { throw MessageError() }
                guard let message = try joiners[worker]?.add(packet.prefix(count)) else { continue }
                joiners[worker] = nil
                take(try WorkerAnswer(message), of: worker)
            } catch {
                fail(to: .workerFailed("\(error)"))
                process.signal(SIGKILL)
                return
            }
        }
    }

    private func take(_ answer: WorkerAnswer, of worker: Int) {
        switch answer {
        case .loaded(let description):
            let now = clinux_now()
            decide(at: now) { state in
                if description.concurrency > 0 { state.machine.limit(callsAtOnce: Int(description.concurrency)) }
                return state.machine.noteLoaded(worker, at: now)
            }
            settle(.success(description))
        case .failed(let text):
            fail(to: .workerFailed(text))
            state.withLock { $0.failures[worker] = "could not load it: \(text)" }
        }
    }

    /// The first worker's start has come to an end, good or not. Later ones find that settled.
    private func settle(_ result: Result<WorkerDescription, PluginError>) {
        let isFirst = state.withLock { state in
            defer { state.start = state.start ?? result }
            return state.start == nil
        }
        if isFirst { ring() }
    }

    private func fail(to reason: PluginError.Reason) {
        settle(.failure(PluginError(image.path, reason)))
    }

    private func noteEnd(of worker: Int) {
        guard let process = process(worker) else { return }
        // What it said last is there still.
        listen(to: worker)
        guard let end = process.reap() else { return }
        _ = clinux_epoll_remove(epoll.number, process.control.number)
        _ = clinux_epoll_remove(epoll.number, process.watch.number)
        joiners[worker] = nil
        if end != .exited(status: 0) { noteBadStop(of: worker, end, process: process.processID) }
        let isCrash = noteEnd(of: worker, end.description, process: process.processID)
        // Now that the pool gives it no more calls. Those that it had are the signal's victims also where it ended by itself then.
        process.tell(isCrash || end != .exited(status: 0) ? end : .killed(signal: SIGTERM))
    }

    /// Says so where a worker that had nothing to do any more did not end as it should: what the plugin's `destroy` was to do is not
    /// done then.
    private func noteBadStop(of worker: Int, _ end: WorkerEnd, process: Int32) {
        let (found, name) = state.withLock { ($0.machine.workers[worker], $0.name) }
        guard let found, !found.isTerminated, case .stopping(let until) = found.phase else { return }
        let isOverdue = until == .max
        let what = isOverdue ? "did not end within 5 s, and was killed" : end.description
        log.write(
            .warning, "worker process \(process) \(what) while it was stopped, in the plugin's destroy function",
            plugin: name, call: nil)
    }

    /// A worker is no more, for a reason in words. Returns whether that was a crash: it was not told to end.
    @discardableResult
    private func noteEnd(of worker: Int, _ reason: String, process: Int32? = nil) -> Bool {
        let now = clinux_now()
        var crash: String?
        decide(at: now) { state in
            let failure = state.failures.removeValue(forKey: worker)
            let ended = state.machine.workers[worker]
            state.processes[worker] = nil
            var text = failure ?? reason
            if case .starting(let until)? = ended?.phase, failure == nil {
                text = until == .max ? "did not load it in time (5 s)" : "\(reason) while it was loaded"
            }
            if let commands = ended?.calls.values, !commands.isEmpty {
                text += " in \(Set(commands).sorted().joined(separator: ", "))"
            }
            let (isCrash, actions) = state.machine.noteEnd(worker, at: now)
            if isCrash {
                crash = text
                state.lastCrash = text
                for command in ended?.calls.values ?? [:].values { state.lastCrashes[command] = text }
            }
            return actions
        }
        guard let crash else { return false }
        fail(to: .workerFailed("a worker process \(crash)"))
        // Where the first one fails, who waits for it is told, and says it.
        guard case .success? = state.withLock({ $0.start }) else { return true }
        let number = process.map { " \($0)" } ?? ""
        log.write(.error, "worker process\(number) \(crash)", plugin: state.withLock { $0.name }, call: nil)
        return true
    }
}
