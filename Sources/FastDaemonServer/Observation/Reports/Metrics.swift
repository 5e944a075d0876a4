import FastDaemonHost

/// What `daemon metrics` tells: the figures of `daemon status` in the text format of Prometheus.
struct Metrics {
    let text: String

    init(_ core: ServerCore) {
        var page = MetricsPage()
        Self.addDaemon(StatusReport(core), to: &page)
        Self.addCommands(core, to: &page)
        text = page.text
    }

    private static func addDaemon(_ status: StatusReport, to page: inout MetricsPage) {
        func gauge(_ name: String, _ help: String, _ value: Double) {
            page.begin(name, .gauge, help)
            page.add(name, [], value)
        }
        page.begin("fastdaemon_build_info", .gauge, "The version of the daemon; always 1.")
        page.add("fastdaemon_build_info", [("version", status.version)], 1)
        gauge("fastdaemon_uptime_seconds", "How long the daemon has run.", status.uptimeSeconds)
        gauge("fastdaemon_generation", "How often the config was taken up.", Double(status.generation))
        gauge("fastdaemon_connections", "Open connections.", Double(status.connections))
        gauge("fastdaemon_loops", "Event loops.", Double(status.loops))
        gauge("fastdaemon_handler_threads", "Threads for handlers that may block.", Double(status.threads))
        gauge("fastdaemon_idle_handler_threads", "Those of the threads that do nothing.", Double(status.idleThreads))
        gauge("fastdaemon_resident_memory_bytes", "The daemon's resident memory.", Double(status.residentBytes))
        gauge("fastdaemon_buffered_bytes", "What counts against limits.bufferBytes.", Double(status.bufferBytes))
        gauge("fastdaemon_open_descriptors", "Open file descriptors.", Double(status.descriptors))
        gauge("fastdaemon_max_descriptors", "The most descriptors there may be.", Double(status.descriptorLimit))
        addWorkers(status, to: &page)
    }

    private static func addWorkers(_ status: StatusReport, to page: inout MetricsPage) {
        page.begin("fastdaemon_workers", .gauge, "Worker processes by what they do.")
        var counts: [[String]: Int] = [:]
        for worker in status.workers { counts[[worker.plugin, worker.state], default: 0] += 1 }
        for (key, count) in counts.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            page.add("fastdaemon_workers", [("plugin", key[0]), ("state", key[1])], Double(count))
        }
        page.begin("fastdaemon_worker_crashes_total", .counter, "Worker processes that ended by themselves.")
        for pool in status.pools {
            page.add("fastdaemon_worker_crashes_total", [("plugin", pool.plugin)], Double(pool.crashes))
        }
        page.begin("fastdaemon_quarantined", .gauge, "Whether a plugin, or a command of it, is not run for a while.")
        for pool in status.pools {
            page.add("fastdaemon_quarantined", [("plugin", pool.plugin)], pool.quarantine == nil ? 0 : 1)
        }
    }

    private static func addCommands(_ core: ServerCore, to page: inout MetricsPage) {
        let commands = core.generation.routing.routes.map { Command($0, $0.statistics.totals) }
        page.begin("fastdaemon_calls_total", .counter, "Calls that ended, by exit status.")
        for command in commands {
            // Successes also where there are none: what has no value cannot be seen to grow.
            for (status, count) in command.totals.statuses.enumerated() where status == 0 || count > 0 {
                page.add("fastdaemon_calls_total", [command.label, ("status", "\(status)")], Double(count))
            }
        }
        func counter(_ name: String, _ help: String, _ value: (CommandTotals) -> UInt64) {
            page.begin(name, .counter, help)
            for command in commands { page.add(name, [command.label], Double(value(command.totals))) }
        }
        counter("fastdaemon_refused_calls_total", "Calls that were turned away at a limit.") { $0.refusals }
        counter("fastdaemon_received_bytes_total", "Standard input of calls that ended.") { $0.bytesIn }
        counter("fastdaemon_sent_bytes_total", "Standard output and error of calls that ended.") { $0.bytesOut }
        let running = core.running.countsByCommand()
        func gauge(_ name: String, _ help: String, _ value: (RunningCalls.Counts) -> Int) {
            page.begin(name, .gauge, help)
            for command in commands {
                let counts = running[ObjectIdentifier(command.route.statistics), default: RunningCalls.Counts()]
                page.add(name, [command.label], Double(value(counts)))
            }
        }
        gauge("fastdaemon_running_calls", "Calls under way.") { $0.running }
        gauge("fastdaemon_waiting_calls", "Calls that wait for their turn.") { $0.waiting }
        gauge("fastdaemon_overdue_calls", "Calls that ran out of time and have not ended.") { $0.overdue }
        addTimes(of: commands, to: &page)
    }

    private struct Command {
        let route: Route
        let totals: CommandTotals
        var label: (String, String) { ("command", route.name) }

        init(_ route: Route, _ totals: CommandTotals) {
            self.route = route
            self.totals = totals
        }
    }

    private static func addTimes(of commands: [Command], to page: inout MetricsPage) {
        let (ran, waited) = ("fastdaemon_run_duration_seconds", "fastdaemon_wait_duration_seconds")
        page.begin(ran, .histogram, "How long calls ran; of inline commands, of the calls that were timed.")
        for command in commands where command.route.builtIn == nil {
            page.add(ran, command.route.name, command.totals.ran)
        }
        page.begin(waited, .histogram, "How long calls waited for their turn.")
        for command in commands where command.route.execution != .inline {
            page.add(waited, command.route.name, command.totals.queued)
        }
    }
}

/// A page in the text format of Prometheus, version 0.0.4. Pure.
struct MetricsPage {
    enum Kind: String {
        case counter, gauge, histogram
    }

    private(set) var text = ""

    /// Begins a family of metrics: all of its samples follow.
    mutating func begin(_ name: String, _ kind: Kind, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
    }

    mutating func add(_ name: String, _ labels: [(String, String)], _ value: Double) {
        let list = labels.map { "\($0)=\"\(Self.escaped($1))\"" }.joined(separator: ",")
        text += "\(name)\(list.isEmpty ? "" : "{\(list)}") \(Self.number(value))\n"
    }

    /// The upper ends of the buckets of a histogram, in nanoseconds.
    private static let ends: [UInt64] = [
        1_000, 10_000, 100_000, 1_000_000, 5_000_000, 10_000_000, 50_000_000, 100_000_000, 500_000_000, 1_000_000_000,
        5_000_000_000, 10_000_000_000, 60_000_000_000, 600_000_000_000,
    ]

    mutating func add(_ name: String, _ command: String, _ durations: Durations) {
        for end in Self.ends {
            let count = durations.count(upTo: end)
            add("\(name)_bucket", [("command", command), ("le", Self.number(Double(end) / 1e9))], Double(count))
        }
        add("\(name)_bucket", [("command", command), ("le", "+Inf")], Double(durations.count))
        add("\(name)_sum", [("command", command)], Double(durations.sum) / 1e9)
        add("\(name)_count", [("command", command)], Double(durations.count))
    }

    /// Whole numbers without a fraction, up to where a floating-point number knows each.
    private static func number(_ value: Double) -> String {
        value == value.rounded() && value < 9e15 ? "\(Int(value))" : "\(value)"
    }

    static func escaped(_ text: String) -> String {
        // Scalars: "\r\n" is one character.
        text.unicodeScalars.reduce(into: "") { escaped, scalar in
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
    }
}
