import Testing

@testable import fastdaemon_bench

@Suite("The histogram of latencies")
struct HistogramTests {
    @Test("says 0 of everything while it is empty")
    func empty() {
        let histogram = Histogram()
        #expect(histogram.count == 0)
        #expect(histogram.minimum == 0)
        #expect(histogram.maximum == 0)
        #expect(histogram.percentile(50) == 0)
    }

    @Test("is exact below 256 ns")
    func exactWhereSmall() {
        var histogram = Histogram()
        for duration in UInt64(1)...200 { histogram.record(duration) }
        #expect(histogram.percentile(50) == 100)
        #expect(histogram.percentile(99) == 198)
        #expect(histogram.percentile(100) == 200)
        #expect(histogram.minimum == 1)
    }

    @Test("counts ranks without rounding errors: 99.9 % of 1,000 is the 999th")
    func ranks() {
        var histogram = Histogram()
        for _ in 0..<999 { histogram.record(10) }
        histogram.record(200)
        #expect(histogram.percentile(99.9) == 10)
        #expect(histogram.percentile(99.91) == 200)
        #expect(histogram.percentile(0) == 10)
    }

    @Test(
        "is off by less than 0.8 % from the exact percentile, at any size",
        arguments: [1, 1_000, 1_000_000_000] as [UInt64])
    func withinItsError(scale: UInt64) {
        var histogram = Histogram()
        var random = SplitMix(state: 42)
        var durations: [UInt64] = []
        for _ in 0..<20_000 {
            // Spread over six powers of two, with a long tail, as latencies are.
            let duration = (random.next() % 1000 + 1) * scale << (random.next() % 6)
            durations.append(duration)
            histogram.record(duration)
        }
        durations.sort()
        for percent in [1, 50, 90, 99, 99.9, 100] as [Double] {
            let rank = max(1, Int((percent * Double(durations.count) / 100).rounded(.up)))
            let exact = Double(durations[rank - 1])
            #expect(abs(Double(histogram.percentile(percent)) - exact) <= exact * 0.008, "p\(percent)")
        }
        #expect(histogram.minimum == durations.first)
        #expect(histogram.maximum == durations.last)
    }

    @Test("takes every duration that 64 bits can hold", arguments: 0..<64)
    func everyPowerOfTwo(power: UInt64) {
        for duration in [(1 << power) - 1, 1 << power, UInt64.max >> (63 - power)] as [UInt64] {
            var histogram = Histogram()
            histogram.record(0)
            histogram.record(duration)
            histogram.record(.max)
            let middle = histogram.percentile(50)
            let difference = middle > duration ? middle - duration : duration - middle
            #expect(difference <= duration / 128)
        }
    }
}

/// A fixed sequence of numbers that look random.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
