import Synchronization
import TestSupport
import Testing

@testable import FastDaemonServer

@Suite("The histograms of durations") struct HistogramTests {
    @Test("have buckets that follow each other without a gap, none wider than an eighth of its start")
    func buckets() {
        #expect(DurationScale.start(of: 0) == 64)
        #expect(DurationScale.start(of: DurationScale.bucketCount) == 1 << 40)
        for bucket in 0..<DurationScale.bucketCount {
            let (start, end) = (DurationScale.start(of: bucket), DurationScale.start(of: bucket + 1))
            #expect(start < end && (end - start) * 8 <= start)
            for value in [start, end - 1, DurationScale.middle(of: bucket)] {
                #expect(DurationScale.bucket(of: value) == bucket, "\(value)")
            }
        }
    }

    @Test("take what is beyond their ends into the first and the last bucket")
    func ends() {
        #expect(DurationScale.bucket(of: 0) == 0)
        #expect(DurationScale.bucket(of: 63) == 0)
        #expect(DurationScale.bucket(of: 1 << 40) == DurationScale.bucketCount - 1)
        #expect(DurationScale.bucket(of: .max) == DurationScale.bucketCount - 1)
    }

    @Test("tell quantiles to within a tenth of the exact ones", arguments: [1, 2, 3, 4, 5] as [UInt64])
    func quantiles(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let statistics = CommandStatistics("a", loopCount: 2)
        // From 1 us to 1,000 s, each power of ten as likely as another; and many of the same.
        var values: [UInt64] = (0..<5_000).map { _ in
            var value = UInt64.random(in: 1_000...10_000, using: &random)
            for _ in 0..<Int.random(in: 0...8, using: &random) { value *= 10 }
            return value
        }
        values += Array(repeating: 123_456, count: 1_000)
        for (index, value) in values.enumerated() { statistics[index % 2].ran.count(value) }
        values.sort()
        let durations = statistics.totals.ran
        #expect(durations.count == 6_000)
        #expect(durations.sum == values.reduce(0, +))
        #expect(durations.most == values.last)
        for share in [0, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1] {
            let exact = values[max(0, Int((share * 6_000).rounded(.up)) - 1)]
            let told = durations.quantile(share)!
            #expect(abs(Double(told) - Double(exact)) <= 0.1 * Double(exact), "\(share): \(told) for \(exact)")
        }
    }

    @Test("tell no quantile of nothing, and nothing above the greatest value")
    func few() {
        let statistics = CommandStatistics("a", loopCount: 1)
        #expect(statistics.totals.ran.quantile(0.5) == nil)
        statistics[0].ran.count(970)
        #expect(statistics.totals.ran.quantile(0.99) == 970)
    }
}

@Suite("The statistics of a command") struct CommandStatisticsTests {
    @Test("add up what the loops counted, by status")
    func totals() {
        let statistics = CommandStatistics("a", loopCount: 3)
        for (loop, status) in [(0, 0), (1, 0), (2, 1), (0, 1), (1, 255)] as [(Int, Int32)] {
            statistics[loop].countCall(status: status, bytesIn: 10, bytesOut: 100)
        }
        statistics[2].countRefusal()
        let totals = statistics.totals
        #expect(totals.calls == 5 && totals.failures == 3 && totals.refusals == 1)
        #expect(totals.bytesIn == 50 && totals.bytesOut == 500)
        #expect(
            totals.statuses[1] == 2 && totals.statuses[255] == 1 && totals.statuses[2] == 0 && totals.statuses[0] == 2)
    }

    @Test("stay when a name is served again, and are told apart by the bytes of the name")
    func table() {
        let table = StatisticsTable(loopCount: 1)
        table["caf\u{E9}"][0].countRefusal()
        #expect(table["caf\u{E9}"].totals.refusals == 1)
        #expect(table["cafe\u{301}"].totals.refusals == 0)
    }
}
