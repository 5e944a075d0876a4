import Testing

@testable import FastDaemonServer

@Suite("A page of metrics") struct MetricsPageTests {
    @Test("escapes what stands in labels")
    func escaping() {
        #expect(MetricsPage.escaped(#"a\b"c"#) == #"a\\b\"c"#)
        #expect(MetricsPage.escaped("a\nb\r\nc") == "a\\nb\r\\nc")
        var page = MetricsPage()
        page.begin("x_total", .counter, "Help.")
        page.add("x_total", [("command", "é\""), ("status", "0")], 3)
        #expect(
            page.text == "# HELP x_total Help.\n# TYPE x_total counter\nx_total{command=\"é\\\"\",status=\"0\"} 3\n")
    }

    @Test("has buckets that add up, the last with all")
    func histogram() {
        let statistics = CommandStatistics("a", loopCount: 1)
        for nanoseconds in [500, 2_000_000, 3_000_000, 7_000_000_000_000] as [UInt64] {
            statistics[0].ran.count(nanoseconds)
        }
        var page = MetricsPage()
        page.add("x_seconds", "a", statistics.totals.ran)
        let lines = page.text.split(separator: "\n").map(String.init)
        #expect(lines.first == "x_seconds_bucket{command=\"a\",le=\"1e-06\"} 1")
        #expect(lines.contains("x_seconds_bucket{command=\"a\",le=\"0.001\"} 1"))
        #expect(lines.contains("x_seconds_bucket{command=\"a\",le=\"0.005\"} 3"))
        #expect(lines.contains("x_seconds_bucket{command=\"a\",le=\"600\"} 3"))
        #expect(lines.suffix(3).first == "x_seconds_bucket{command=\"a\",le=\"+Inf\"} 4")
        #expect(lines.last == "x_seconds_count{command=\"a\"} 4")
    }
}
