extension Report {
    /// One line: the rate, two percentiles, the failures.
    var line: String {
        let histogram = measurement.tally.latencies
        return "\(grouped(Int(measurement.requestsPerSecond))) requests/s, "
            + "p50 \(duration(histogram.percentile(50))), p99 \(duration(histogram.percentile(99))), "
            + "\(grouped(measurement.tally.failed)) failed\n"
    }

    /// A table for people.
    var text: String {
        var rows = [
            ("requests", "\(grouped(measurement.tally.replies)) in \(fixed(measurement.seconds, digits: 2)) s"),
            ("rate", "\(grouped(Int(measurement.requestsPerSecond))) requests/s"),
            ("sent", "\(grouped(measurement.tally.bytesSent)) bytes"),
            ("received", "\(grouped(measurement.tally.bytesReceived)) bytes"),
            ("latency", latency),
            ("failed", failures),
        ]
        for failure in Tally.Failure.allCases {
            guard let reason = measurement.tally.firstReason(for: failure) else { continue }
            rows.append(("first \(failure)", Self.printable(reason)))
        }
        rows.append(("daemon", server))
        rows.append(("generator", "\(fixed(measurement.ownMicroseconds, digits: 3)) µs of CPU a request"))
        if idle.held > 0 {
            rows.append(("idle", "\(grouped(idle.held)) held, \(grouped(idle.closed)) of them closed by the daemon"))
        }
        switch measurement.ending {
        case .complete: break
        case .interrupted: rows.append(("note", "interrupted; this is of the part that had run"))
        case .unreachable: rows.append(("note", "ended early, since the daemon could not be reached any more"))
        }
        return heading + "\n\n" + rows.map { "\($0.0.padded(to: 18))\($0.1)\n" }.joined()
    }

    private var heading: String {
        var parts = ["\(grouped(options.connections)) connection\(options.connections == 1 ? "" : "s")"]
        if options.reconnects { parts.append("one request each") }
        if options.pipeline > 1 { parts.append("pipelined by \(options.pipeline)") }
        if let rate = options.rate {
            parts.append("\(rate.rounded() == rate ? grouped(Int(rate)) : fixed(rate, digits: 3)) requests/s due")
        }
        if options.payloadBytes > 0 { parts.append("\(grouped(options.payloadBytes)) bytes of input") }
        let wire = options.wire == .record ? [] : [options.wire.rawValue]
        let command = Self.printable((wire + options.words).joined(separator: " "))
        return "\(command) on \(Self.printable(address)): \(parts.joined(separator: ", "))"
    }

    private var latency: String {
        guard let latencies else { return "unknown, since nothing was answered" }
        return latencies.map { "\($0.name) \(duration($0.nanoseconds))" }.joined(separator: "  ")
    }

    private var server: String {
        guard let server = measurement.server, let microseconds = measurement.serverMicroseconds else {
            return "not visible; --pid names its process"
        }
        return "\(fixed(microseconds, digits: 3)) µs of CPU a request, "
            + "\(fixed(Double(server.residentKiB) / 1024, digits: 1)) MiB resident (process \(server.process))"
    }

    private var failures: String {
        let tally = measurement.tally
        let kinds = Tally.Failure.allCases.filter { tally[$0] > 0 }
        guard !kinds.isEmpty else { return "none" }
        return kinds.map { "\(grouped(tally[$0])) \($0.rawValue)" }.joined(separator: ", ")
    }

    /// The text in one line, without what a terminal would obey.
    private static func printable(_ text: String) -> String {
        var line = ""
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: line += " "
            default: line.unicodeScalars.append(scalar)
            }
        }
        return line
    }
}
