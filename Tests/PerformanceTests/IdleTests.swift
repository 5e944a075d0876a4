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

    @Test("the code that read the config has left the memory, also after a reload")
    func memory() throws {
        let daemon = try releaseDaemon()
        #expect(try daemon.ask("echo hi") == Reply("hi\n"))
        // Of 2.3 MiB; the runtime looks into all libraries now and then.
        #expect(try residentCode(of: "libFoundationEssentials.so", in: daemon) < 1000)
        #expect(try residentCode(of: "libswiftCore.so", in: daemon) > 1000)
        #expect(try daemon.ask("daemon reload").output.contains("generation 2"))
        #expect(try residentCode(of: "libFoundationEssentials.so", in: daemon) < 1000)
        #expect(try daemon.stop().status == .exited(0))
    }

    /// How much of a library's code is in a daemon's memory, in KiB.
    private func residentCode(of library: String, in daemon: RunningDaemon) throws -> Int {
        // Foundation takes the first piece of such a file for all of it.
        let text = try run("/bin/cat", ["/proc/\(daemon.process)/smaps"], seconds: 10).outputText
        let lines = text.split(separator: "\n")
        let start = try #require(lines.firstIndex { $0.hasSuffix("/" + library) && $0.contains(" r-xp ") })
        let resident = try #require(lines[start...].first { $0.hasPrefix("Rss:") })
        let words = resident.split(separator: " ")
        return try #require(Int(words[1]))
    }

    /// How often its threads wait anew within one second, once they are at rest.
    private func wakeUpsOfASecond(_ daemon: RunningDaemon) throws -> Int {
        var (before, looks) = (0, 0)
        try daemon.wait(until: "the daemon is at rest") {
            usleep(100_000)
            guard let now = waits(of: daemon) else { return false }
            looks = now == before ? looks + 1 : 0
            before = now
            return looks == 5
        }
        usleep(1_000_000)
        return try #require(waits(of: daemon)) - before
    }

    /// How often its threads have waited: each wake-up ends in another wait. Nil where one does not wait, or has just ended.
    private func waits(of daemon: RunningDaemon) -> Int? {
        let tasks = "/proc/\(daemon.process)/task"
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: tasks)) ?? []
        let counts = threads.compactMap { thread -> Int? in
            let text = (try? String(contentsOfFile: "\(tasks)/\(thread)/status", encoding: .utf8)) ?? ""
            let lines = text.split(separator: "\n")
            guard lines.contains(where: { $0.hasPrefix("State:\tS") }) else { return nil }
            let count = lines.first { $0.hasPrefix("voluntary_ctxt_switches:") }
            return count?.split(separator: "\t").last.flatMap { Int($0) }
        }
        return counts.count == threads.count ? counts.reduce(0, +) : nil
    }
}
