import Foundation
import TestSupport
import Testing

@Suite("The metrics", .ownThread, .timeLimit(.minutes(3))) struct MetricsTests {
    @Test(
        "are what promtool takes without a word",
        .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/promtool")))
    func promtool() throws {
        let daemon = try RunningDaemon(workers: ["crashing"])
        let peer = try daemon.connect()
        let lines = ["echo hi", "wait 0.01", "wait x", "count", "help", "crash", "daemon metrics"]
        for line in lines { _ = try peer.ask(line) }
        try daemon.wait(until: "it is quarantined") { try peer.ask("crash").errors.contains("quarantined") }
        let text = try peer.ask("daemon metrics").output
        #expect(text.contains(#"fastdaemon_quarantined{plugin="crashing"} 1"#))
        let result = try run("/usr/bin/promtool", ["check", "metrics"], input: .bytes(Array(text.utf8)))
        #expect(result.status == .exited(0) && result.errorText == "" && result.outputText == "")
    }

    @Test("count as the status does")
    func counts() throws {
        let daemon = try RunningDaemon()
        let peer = try daemon.connect()
        for line in ["echo hi", "echo ho", "wait x", "wait 0.02"] { _ = try peer.ask(line) }
        let lines = try peer.ask("daemon metrics").output.split(separator: "\n").map(String.init)
        for line in [
            #"fastdaemon_calls_total{command="echo",status="0"} 2"#,
            #"fastdaemon_calls_total{command="wait",status="0"} 1"#,
            #"fastdaemon_calls_total{command="wait",status="2"} 1"#,
            #"fastdaemon_sent_bytes_total{command="echo"} 6"#,
            #"fastdaemon_run_duration_seconds_bucket{command="wait",le="+Inf"} 2"#,
            #"fastdaemon_wait_duration_seconds_count{command="wait"} 2"#,
            "fastdaemon_generation 1", "fastdaemon_connections 1",
        ] {
            #expect(lines.contains(line), "\(line)")
        }
    }
}
