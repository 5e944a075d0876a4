import CLinux

/// What a plugin's worker processes do at this moment.
public struct WorkerPoolReport: Sendable {
    /// One of them.
    public struct Worker: Sendable {
        /// Its number in the system.
        public let process: Int32

        /// `starting`, `idle`, `busy`, or `stopping`.
        public let state: String

        /// How many calls run in it, and how many it has had with these.
        public let running, calls: Int

        /// What it has resident, in bytes.
        public let residentBytes: UInt64
    }

    /// Those that have not ended, the oldest first.
    public let workers: [Worker]

    /// How many calls wait for one.
    public let waiting: Int

    /// How many have crashed since the plugin was loaded.
    public let crashes: Int

    /// Why calls are refused, all or those of some commands, and when one is tried; nil where none are.
    public let quarantine: String?
}

extension WorkerPool {
    /// What they do at this moment. From any thread.
    public var report: WorkerPoolReport {
        let now = clinux_now()
        let (workers, processes, rest) = state.withLock { state in
            (
                state.machine.workers, state.processes.mapValues(\.processID),
                (state.machine.waitingCount, state.machine.breaker.crashCount, Self.quarantines(state, at: now))
            )
        }
        let reports = workers.sorted { $0.key < $1.key }.compactMap { number, worker in
            processes[number].map {
                WorkerPoolReport.Worker(
                    process: $0, state: worker.name, running: worker.calls.count, calls: worker.callCount,
                    residentBytes: clinux_resident_bytes($0))
            }
        }
        return WorkerPoolReport(workers: reports, waiting: rest.0, crashes: rest.1, quarantine: rest.2)
    }
}

// MARK: - Quarantine

extension WorkerPool {
    /// Why calls of a command are refused, and until when; nil where they are not.
    static func quarantine(of command: String, _ state: State, at now: UInt64) -> String? {
        explain(state.machine.breaker.phase, state.lastCrash, at: now)
            ?? state.machine.commandBreakers[command].flatMap {
                explain($0.phase, state.lastCrashes[command] ?? "", at: now)
            }
    }

    /// Why the plugin is refused, or some of its commands; nil where none are.
    private static func quarantines(_ state: State, at now: UInt64) -> String? {
        if let all = explain(state.machine.breaker.phase, state.lastCrash, at: now) { return all }
        let each = state.machine.commandBreakers.keys.sorted().compactMap { command in
            quarantine(of: command, state, at: now).map { "\(command): \($0)" }
        }
        return each.isEmpty ? nil : each.joined(separator: "; ")
    }

    private static func explain(_ phase: CrashBreaker.Phase, _ lastCrash: String, at now: UInt64) -> String? {
        let next: String
        switch phase {
        case .closed: return nil
        case .open(let until):
            let seconds = (until - min(until, now) + 999_999_999) / 1_000_000_000
            next = seconds == 0 ? "the next call is tried" : "the next try is in \(seconds) s"
        case .trying: next = "one call is tried now"
        }
        return "quarantined, because its worker processes crash again and again: the last \(lastCrash); \(next)"
    }
}

extension WorkerPoolState.Worker {
    fileprivate var name: String {
        switch phase {
        case .starting: "starting"
        case .serving, .retiring: calls.isEmpty ? "idle" : "busy"
        case .lost, .stopping: "stopping"
        }
    }
}
