import Testing

@testable import fastdaemon_bench

@Suite("The report")
struct ReportTests {
    @Test("is a table for people")
    func text() {
        #expect(
            report().text == """
                echo a b on /tmp/x.sock: 2 connections, pipelined by 4, 1,000 requests/s due, 70 bytes of input

                requests          1,000 in 2.00 s
                rate              500 requests/s
                sent              4,000 bytes
                received          5,000,000 bytes
                latency           min 1.00 µs  p50 501 µs  p90 899 µs  p99 989 µs  p99.9 997 µs  max 1.00 ms
                failed            3 reset, 2 refused
                first reset       peer is gone
                first refused     no such command
                daemon            1.994 µs of CPU a request, 12.0 MiB resident (process 42)
                generator         0.997 µs of CPU a request
                idle              100 held, 1 of them closed by the daemon
                note              interrupted; this is of the part that had run

                """)
    }

    @Test("says so where the daemon's process is not visible, and nothing failed")
    func withoutServer() {
        let text = Report(options: Options(), address: "x", measurement: Measurement(), idle: .init(held: 0, closed: 0))
            .text
        #expect(text.contains("daemon            not visible; --pid names its process\n"))
        #expect(text.contains("failed            none\n"))
        #expect(!text.contains("idle"))
    }

    @Test("does not let an error text command the terminal")
    func controlCharacters() {
        var measurement = Measurement()
        measurement.tally.count(.refused) { "a\u{1B}[2Jb\nc" }
        let text = Report(options: Options(), address: "x", measurement: measurement, idle: .init(held: 0, closed: 0))
            .text
        #expect(text.contains("first refused     a [2Jb c\n"))
    }

    @Test("is one line when quiet")
    func line() {
        #expect(report().line == "500 requests/s, p50 501 µs, p99 989 µs, 5 failed\n")
    }

    @Test("is JSON for programs")
    func json() throws {
        let result = try DecodedReport(report(failing: "a \"b\" \\ \u{1}\né").json)
        #expect(result.command == ["echo", "a", "b"])
        #expect(result.requests == 1000)
        #expect(result.requestsPerSecond == 500)
        #expect(result.latency?["min"] == 1)
        #expect(result.latency?["max"] == 1000)
        #expect(Set(result.latency?.keys ?? [:].keys) == ["min", "p50", "p90", "p99", "p99.9", "max"])
        #expect(result.failed == 5)
        #expect(
            result.failures == [
                "connect": 0, "reset": 3, "short": 0, "malformed": 0, "unanswered": 0, "refused": 2,
            ])
        #expect(result.firstFailures == ["refused": "a \"b\" \\ \u{1}\né", "reset": "peer is gone"])
        #expect(result.daemonCpuPerRequest == 1.994)
        #expect(result.daemonResidentKib == 12288)
        #expect(result.ending == "interrupted")
    }

    @Test("has null in JSON for what is not known")
    func jsonWithoutServer() throws {
        let report = Report(
            options: Options(), address: "x", measurement: Measurement(), idle: .init(held: 0, closed: 0))
        let result = try DecodedReport(report.json)
        #expect(result.daemonCpuPerRequest == nil)
        #expect(result.firstFailures == [:])
        #expect(report.json.contains("\"daemon_cpu_per_request\": null"))
        #expect(result.latency == nil)
        #expect(report.json.contains("\"rate\": null"))
    }

    @Test(
        "writes numbers for people",
        arguments: [
            (0, "0.00 µs"), (999, "1.00 µs"), (9_994, "9.99 µs"), (10_000, "10 µs"), (999_499, "999 µs"),
            (1_234_567, "1.23 ms"), (61_000_000_000, "61.00 s"),
        ] as [(UInt64, String)])
    func durations(nanoseconds: UInt64, text: String) {
        #expect(duration(nanoseconds) == text)
    }

    @Test("groups thousands and keeps zeros behind the point")
    func numbers() {
        #expect([0, 999, 1000, 1_234_567, -1000].map(grouped) == ["0", "999", "1,000", "1,234,567", "-1,000"])
        #expect(fixed(1.005, digits: 1) == "1.0")
        #expect(fixed(3.04, digits: 2) == "3.04")
        #expect(fixed(-0.001, digits: 2) == "0.00")
        #expect(fixed(2.5, digits: 0) == "3")
    }

    private func report(failing reason: String = "no such command") -> Report {
        var options = Options()
        options.words = ["echo", "a", "b"]
        (options.connections, options.pipeline, options.rate, options.payload) = (2, 4, 1000, 70)
        var measurement = Measurement()
        for microseconds in UInt64(1)...1000 { measurement.tally.latencies.record(microseconds * 1000) }
        measurement.tally.count(.refused, requests: 2) { reason }
        measurement.tally.count(.reset, requests: 3) { "peer is gone" }
        (measurement.tally.bytesSent, measurement.tally.bytesReceived) = (4_000, 5_000_000)
        measurement.seconds = 2
        measurement.ownCPUTime = 1_000_000
        measurement.server = .init(process: 42, cpuTime: 2_000_000, residentKiB: 12 << 10)
        measurement.ending = .interrupted
        return Report(
            options: options, address: "/tmp/x.sock", measurement: measurement, idle: .init(held: 100, closed: 1))
    }
}
