extension Report {
    /// One object, a key on each line so that line tools read it too. Times are microseconds unless their key says
    /// seconds; what is not known is null.
    var json: String {
        JSONText.object(fields).text(indent: "") + "\n"
    }

    private var fields: [(String, JSONText)] {
        let tally = measurement.tally
        return run + [
            ("seconds", .number(fixed(measurement.seconds, digits: 6))),
            ("requests", .integer(tally.replies)),
            ("requests_per_second", .number(fixed(measurement.requestsPerSecond, digits: 1))),
            ("bytes_sent", .integer(tally.bytesSent)),
            ("bytes_received", .integer(tally.bytesReceived)),
            (
                "latency",
                latencies.map { .object($0.map { ($0.name, .number(fixed(Double($0.nanoseconds) / 1e3, digits: 3))) }) }
                    ?? .null
            ),
            ("failed", .integer(tally.failed)),
            ("failures", .object(Tally.Failure.allCases.map { ($0.rawValue, .integer(tally[$0])) })),
            ("first_failures", .object(firstFailures)),
            ("daemon_pid", measurement.server.map { .integer(Int($0.process)) } ?? .null),
            ("daemon_cpu_per_request", measurement.serverMicroseconds.map { .number(fixed($0, digits: 4)) } ?? .null),
            ("daemon_resident_kib", measurement.server.map { .integer($0.residentKiB) } ?? .null),
            ("generator_cpu_per_request", .number(fixed(measurement.ownMicroseconds, digits: 4))),
            ("idle_held", .integer(idle.held)),
            ("idle_closed", .integer(idle.closed)),
            ("ending", .string(measurement.ending.rawValue)),
        ]
    }

    /// Why the first request of each kind of failure failed; only of kinds that came up.
    private var firstFailures: [(String, JSONText)] {
        Tally.Failure.allCases.compactMap { failure in
            measurement.tally.firstReason(for: failure).map { (failure.rawValue, .string($0)) }
        }
    }

    private var run: [(String, JSONText)] {
        [
            ("address", .string(address)),
            ("protocol", .string(options.wire.rawValue)),
            ("command", .array(options.words.map { .string($0) })),
            ("connections", .integer(options.connections)),
            ("pipeline", .integer(options.pipeline)),
            ("reconnect", .boolean(options.reconnects)),
            ("payload", .integer(options.payloadBytes)),
            ("rate", options.rate.map { .number(fixed($0, digits: 3)) } ?? .null),
        ]
    }
}
