/// When requests are due and how many there are: arithmetic on nanoseconds of one clock, without a clock of its own.
///
/// In a closed loop the next request is due as soon as a connection is free for it. In an open loop request *k* is due at
/// `start + k / rate`, whatever the replies do, and its latency counts from then; so a daemon that stalls for a second
/// shows a second in the percentiles, instead of having quietly been sent less.
struct Schedule: Sendable, Equatable {
    /// How long a part of the run is.
    enum Extent: Sendable, Equatable {
        case requests(Int)
        case nanoseconds(UInt64)
    }

    /// When the first request is due.
    let start: UInt64
    /// Requests a second of the open loop; nil is the closed loop.
    let rate: Double?
    private let warmup: Extent
    private let whole: Extent

    /// - Parameters:
    ///   - extent: The part of the run that counts.
    ///   - warmupPercent: How much of that is run before it and not counted.
    init(start: UInt64, rate: Double?, extent: Extent, warmupPercent: Int) {
        self.start = start
        self.rate = rate
        switch (extent, rate) {
        case (.requests(let counted), _):
            let uncounted = counted * warmupPercent / 100
            (warmup, whole) = (.requests(uncounted), .requests(uncounted + counted))
        case (.nanoseconds(let counted), let rate?):
            // What is due in that time is a number of requests, which a slow daemon must not make smaller.
            let requests = Int((Double(counted) / 1e9 * rate).rounded())
            let uncounted = requests * warmupPercent / 100
            (warmup, whole) = (.requests(uncounted), .requests(uncounted + requests))
        case (.nanoseconds(let counted), nil):
            let uncounted = counted / 100 * UInt64(warmupPercent)
            (warmup, whole) = (.nanoseconds(uncounted), .nanoseconds(uncounted + counted))
        }
    }

    /// How many requests are due at `now`, counted from the first of the run.
    func requestsDue(at now: UInt64) -> Int {
        switch (whole, rate) {
        case (.requests(let total), let rate?):
            guard now >= start else { return 0 }
            return Int(min(Double(total), (Double(now - start) / 1e9 * rate).rounded(.down) + 1))
        case (.requests(let total), nil): return total
        case (.nanoseconds(let duration), _): return now < start + duration ? Int.max : 0
        }
    }

    /// When request `index` (from 0) is due: in the closed loop at once.
    func dueTime(of index: Int, at now: UInt64) -> UInt64 {
        guard let rate else { return now }
        return start + UInt64((Double(index) / rate * 1e9).rounded(.up))
    }

    /// Whether all requests have been issued, of which there were `issued`.
    func isOver(issued: Int, at now: UInt64) -> Bool {
        switch whole {
        case .requests(let total): issued >= total
        case .nanoseconds(let duration): now >= start + duration
        }
    }

    /// Whether the warm-up is over once `finished` requests were answered or failed.
    func isCounting(finished: Int, at now: UInt64) -> Bool {
        switch warmup {
        case .requests(let uncounted): finished >= uncounted
        case .nanoseconds(let duration): now >= start + duration
        }
    }

    /// When the last request is due, where that is known beforehand.
    var end: UInt64? {
        switch (whole, rate) {
        case (.requests(let total), .some): dueTime(of: max(0, total - 1), at: start)
        case (.requests, nil): nil
        case (.nanoseconds(let duration), _): start + duration
        }
    }
}

extension Schedule {
    init(_ options: Options, start: UInt64) {
        let extent: Extent =
            switch options.length {
            case .requests(let count): .requests(count)
            case .seconds(let seconds): .nanoseconds(UInt64(seconds * 1e9))
            }
        self.init(start: start, rate: options.rate, extent: extent, warmupPercent: options.warmupPercent)
    }
}
