import Foundation

/// What `daemon status --json` says.
public struct DaemonStatus: Decodable {
    /// What it says of one command.
    public struct Command: Decodable {
        /// What came of its calls.
        public struct Totals: Decodable {
            /// How many there were.
            public let calls: Int
            /// Of them, those with a status other than 0.
            public let failures: Int
            /// Those that were refused.
            public let refusals: Int
            /// What was received, in bytes.
            public let bytesIn: Int
            /// What was sent, in bytes.
            public let bytesOut: Int
            /// How often each status was returned.
            public let statuses: [String: Int]
        }

        /// How long calls took, in seconds.
        public struct Times: Decodable {
            /// Of how many calls.
            public let count: Int
            /// What half of them stayed below.
            public let p50: Double?
            /// What nine of ten stayed below.
            public let p90: Double?
            /// What 99 of 100 stayed below.
            public let p99: Double?
            /// The longest.
            public let max: Double?
        }

        /// What it is called by.
        public let name: String
        /// The name of its plugin.
        public let plugin: String
        /// Where it runs: "inline", "concurrent" or "process".
        public let execution: String
        /// How many calls run.
        public let running: Int
        /// How many calls wait to run.
        public let waiting: Int
        /// How many calls were cancelled.
        public let cancelled: Int
        /// How many calls run on past their time.
        public let overdue: Int
        /// Since the start.
        public let totals: Totals
        /// How long calls waited.
        public let queued: Times
        /// How long calls ran.
        public let ran: Times
    }

    /// A worker process.
    public struct Worker: Decodable {
        /// The name of its plugin.
        public let plugin: String
        /// The number of the process.
        public let process: Int32
        /// What it does, in a word.
        public let state: String
        /// How many there were.
        public let calls: Int
        /// Its memory, in bytes.
        public let residentBytes: Int
        /// Whether its plugin is served no more.
        public let replaced: Bool
    }

    /// The workers of one plugin.
    public struct Pool: Decodable {
        /// The name of its plugin.
        public let plugin: String
        /// How many calls wait to run.
        public let waiting: Int
        /// How often one crashed.
        public let crashes: Int
        /// Why it is not started again; nil where it is.
        public let quarantine: String?
    }

    /// The version of the daemon.
    public let version: String
    /// The number of the process.
    public let process: Int32
    /// How long it has served.
    public let uptimeSeconds: Double
    /// How many event loops it has.
    public let loops: Int
    /// How many connections are open, the one that asks among them.
    public let connections: Int
    /// How many threads it has for handlers.
    public let threads: Int
    /// Of them, those that have nothing to do.
    public let idleThreads: Int
    /// How many descriptors it has open.
    public let descriptors: Int
    /// How many it may have.
    public let descriptorLimit: Int
    /// Its memory, in bytes.
    public let residentBytes: Int
    /// How much its buffers hold, in bytes.
    public let bufferBytes: Int
    /// All commands.
    public let commands: [Command]
    /// All worker processes.
    public let workers: [Worker]
    /// The plugins that have some.
    public let pools: [Pool]

    /// A command's part.
    public subscript(_ name: String) -> Command? { commands.first { $0.name == name } }

    /// Whether no call runs or waits but the one that asks.
    public var isIdle: Bool {
        commands.allSatisfy { ($0.running == 0 || $0.name == "daemon") && $0.waiting == 0 }
    }
}

extension RunningDaemon {
    /// What it says of itself.
    ///
    /// - Parameter peer: Who asks; left out, a connection of its own.
    public func status(_ peer: RawPeer? = nil) throws -> DaemonStatus {
        let reply = try (peer ?? connect()).ask("daemon status --json")
        return try JSONDecoder().decode(DaemonStatus.self, from: Data(reply.output.utf8))
    }

    /// Asks until the status is as wanted. Fails, and says what, where it does not come to that.
    public func waitForStatus(_ what: String, where isWanted: (DaemonStatus) -> Bool) throws {
        try wait(until: what) { isWanted(try status()) }
    }

    /// Waits until no call runs or waits, and nobody is connected.
    ///
    /// - Parameter others: How many connections may be left.
    public func waitUntilIdle(others: Int = 0) throws {
        try waitForStatus("the daemon is idle") { $0.isIdle && $0.connections <= 1 + others }
    }
}
