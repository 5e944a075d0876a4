import Synchronization

/// The scale of the histograms: each power of two, from 2^6 to 2^40 nanoseconds (64 ns to 18 minutes), has eight buckets of
/// the same width. So a value is known to within 1/16 of itself, if the middle of its bucket is taken for it. What is shorter is
/// in the first bucket, what is longer in the last. Pure.
enum DurationScale {
    /// The powers of two at the ends, and how many bits tell the buckets of one power apart.
    private static var lowest: Int { 6 }
    private static var highest: Int { 40 }
    private static var bits: Int { 3 }

    static var bucketCount: Int { (highest - lowest) << bits }

    static func bucket(of nanoseconds: UInt64) -> Int {
        if nanoseconds < 1 << lowest { return 0 }
        if nanoseconds >= 1 << highest { return bucketCount - 1 }
        let power = UInt64.bitWidth - 1 - nanoseconds.leadingZeroBitCount
        let step = Int(nanoseconds >> (power - bits)) & (1 << bits - 1)
        return (power - lowest) << bits + step
    }

    /// The least value of a bucket, in nanoseconds: with the bucket behind the last, the end of the scale.
    static func start(of bucket: Int) -> UInt64 {
        let power = bucket >> bits + lowest
        return (1 << bits + UInt64(bucket & (1 << bits - 1))) << (power - bits)
    }

    /// What is taken for all values of a bucket: its middle.
    static func middle(of bucket: Int) -> UInt64 {
        (start(of: bucket) + start(of: bucket + 1)) / 2
    }
}

/// How many calls took how long, as one loop counts it: a place in the memory of a command's statistics. One thread counts, any
/// may read.
struct Histogram {
    private let numbers: UnsafeMutablePointer<Atomic<UInt64>>

    /// The sum and the greatest of all values, then the buckets.
    private static var sum: Int { 0 }
    private static var most: Int { 1 }
    private static var buckets: Int { 2 }

    /// How many numbers it takes.
    static var size: Int { buckets + DurationScale.bucketCount }

    init(_ numbers: UnsafeMutablePointer<Atomic<UInt64>>) {
        self.numbers = numbers
    }

    func count(_ nanoseconds: UInt64) {
        numbers[Self.buckets + DurationScale.bucket(of: nanoseconds)].countUp(1)
        numbers[Self.sum].countUp(nanoseconds)
        if nanoseconds > numbers[Self.most].count { numbers[Self.most].store(nanoseconds, ordering: .relaxed) }
    }

    func add(to durations: inout Durations) {
        durations.sum += numbers[Self.sum].count
        durations.most = max(durations.most, numbers[Self.most].count)
        for bucket in 0..<DurationScale.bucketCount {
            durations.buckets[bucket] += numbers[Self.buckets + bucket].count
        }
    }
}

/// How many calls took how long, in all loops. Times are in nanoseconds. Pure.
struct Durations: Equatable, Sendable {
    var sum: UInt64 = 0
    var most: UInt64 = 0
    var buckets = [UInt64](repeating: 0, count: DurationScale.bucketCount)

    var count: UInt64 { buckets.reduce(0, +) }

    /// The value below or at which this share of all values is, to within 1/16 of itself; nil where there is none.
    ///
    /// - Parameter share: from 0 to 1.
    func quantile(_ share: Double) -> UInt64? {
        let count = count
        if count == 0 { return nil }
        let rank = max(1, UInt64((share * Double(count)).rounded(.up)))
        var seen: UInt64 = 0
        for (bucket, number) in buckets.enumerated() {
            seen += number
            if seen >= rank { return min(DurationScale.middle(of: bucket), most) }
        }
        return most
    }

    /// How many took no longer than this, as far as the buckets tell.
    func count(upTo nanoseconds: UInt64) -> UInt64 {
        buckets[...DurationScale.bucket(of: nanoseconds)].reduce(0, +)
    }
}
