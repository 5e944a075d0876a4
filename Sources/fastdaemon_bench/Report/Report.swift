/// The result of a run and what it is the result of, ready to be shown.
struct Report: Sendable {
    struct Idle: Sendable, Equatable {
        let held: Int
        /// How many of them the daemon had closed at the end.
        let closed: Int
    }

    let options: Options
    /// The address as people write it.
    let address: String
    let measurement: Measurement
    let idle: Idle

    /// The percentiles that every form of the report shows.
    static let percentiles: [(name: String, percent: Double)] = [
        ("p50", 50), ("p90", 90), ("p99", 99), ("p99.9", 99.9),
    ]

    /// In the form that the options ask for, with a line feed at its end.
    var formatted: String {
        options.isJSON ? json : options.isQuiet ? line : text
    }

    /// Name and nanoseconds of each latency that is shown, in order; none where nothing was answered.
    var latencies: [(name: String, nanoseconds: UInt64)]? {
        let histogram = measurement.tally.latencies
        guard histogram.count > 0 else { return nil }
        return [("min", histogram.minimum)]
            + Self.percentiles.map { ($0.name, histogram.percentile($0.percent)) }
            + [("max", histogram.maximum)]
    }
}
