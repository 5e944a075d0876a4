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

    /// Why calls are refused, and when one is tried; nil where they are not.
    public let quarantine: String?
}

extension WorkerPool {
    /// What they do at this moment. From any thread.
    public var report: WorkerPoolReport {
        let now = clinux_now()
        let (workers, processes, rest) = state.withLock { state in
            (
                state.machine.workers, state.processes.mapValues(\.processID),
                (state.machine.waitingCount, state.machine.breaker.crashCount, Self.quarantine(state, at: now))
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

extension WorkerPoolState.Worker {
    fileprivate var name: String {
        switch phase {
        case .starting: "starting"
        case .serving, .retiring: calls.isEmpty ? "idle" : "busy"
        case .lost, .stopping: "stopping"
        }
    }
}
