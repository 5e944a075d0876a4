import Foundation
import TestSupport
import Testing

@Suite("An idle daemon", .serialized, .ownThread, .timeLimit(.minutes(20)))
struct IdleTests {
    @Test("no thread wakes up within a second, with connections and without")
    func wakeUps() throws {
        let daemon = try releaseDaemon()
        #expect(try daemon.ask("echo hi") == Reply("hi\n"))
        #expect(try wakeUpsOfASecond(daemon) == 0)
        let peers = try (0..<20).map { _ in try daemon.connect() }
        for peer in peers { #expect(try peer.ask("echo hi") == Reply("hi\n")) }
        #expect(try wakeUpsOfASecond(daemon) == 0)
        #expect(try daemon.stop().status == .exited(0))
        _ = peers
    }

    /// How often its threads wait anew within one second, once they are at rest.
    private func wakeUpsOfASecond(_ daemon: RunningDaemon) throws -> Int {
        var before = try waits(of: daemon)
        for _ in 0..<100 {
            usleep(100_000)
            let now = try waits(of: daemon)
            if now == before { break }
            before = now
        }
        usleep(1_000_000)
        return try waits(of: daemon) - before
    }

    /// How often its threads have waited: each wake-up ends in another wait.
    private func waits(of daemon: RunningDaemon) throws -> Int {
        let tasks = "/proc/\(daemon.process)/task"
        return try FileManager.default.contentsOfDirectory(atPath: tasks).reduce(0) { sum, thread in
            let text = try String(contentsOfFile: "\(tasks)/\(thread)/status", encoding: .utf8)
            let line = text.split(separator: "\n").first { $0.hasPrefix("voluntary_ctxt_switches:") }
            guard let count = line?.split(separator: "\t").last.flatMap({ Int($0) }) else {
                throw TestFailure("the kernel does not tell how often \(thread) waited")
            }
            return sum + count
        }
    }
}
