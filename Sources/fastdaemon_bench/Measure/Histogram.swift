/// Counts of durations in a fixed number of buckets, so that recording one never allocates and costs the same for any.
///
/// Durations below 256 ns have a bucket each. Above, each power of two is divided into 128 buckets of equal width, so
/// that a bucket is never wider than 1/128 of the values in it: a percentile is off by less than 0.8 %.
struct Histogram: Sendable {
    private static let dividingBits = 7
    private static let bucketCount = (64 - dividingBits + 1) << dividingBits

    private var counts = [UInt64](repeating: 0, count: bucketCount)

    /// How many durations were recorded.
    private(set) var count: UInt64 = 0
    /// The shortest recorded duration, exactly; 0 where there is none.
    var minimum: UInt64 { count == 0 ? 0 : smallest }
    /// The longest recorded duration, exactly; 0 where there is none.
    private(set) var maximum: UInt64 = 0
    private var smallest = UInt64.max

    /// Records one duration, in nanoseconds.
    mutating func record(_ duration: UInt64) {
        counts[Self.bucket(of: duration)] += 1
        count += 1
        maximum = max(maximum, duration)
        smallest = min(smallest, duration)
    }

    /// The duration that `percent` (0 to 100) of all recorded ones do not exceed, in nanoseconds; 0 where there is none.
    ///
    /// By the nearest-rank definition: the smallest recorded value with at least that share at or below it.
    func percentile(_ percent: Double) -> UInt64 {
        guard count > 0 else { return 0 }
        // The division comes last, so that 99.9 % of 1,000 is the 999th and not, by a rounding error, the 1,000th.
        let rank = max(1, UInt64((percent * Double(count) / 100).rounded(.up)))
        guard rank < count else { return maximum }
        var seen: UInt64 = 0
        for (bucket, count) in counts.enumerated() {
            seen += count
            if seen >= rank {
                return min(max(Self.middle(of: bucket), minimum), maximum)
            }
        }
        return maximum
    }

    private static func bucket(of duration: UInt64) -> Int {
        let shift = max(0, 63 - dividingBits - duration.leadingZeroBitCount)
        return shift << dividingBits + Int(duration >> UInt64(shift))
    }

    private static func middle(of bucket: Int) -> UInt64 {
        let shift = max(0, bucket >> dividingBits - 1)
        let lowest = UInt64(bucket - shift << dividingBits) << UInt64(shift)
        return lowest + (1 << UInt64(shift)) >> 1
    }
}
