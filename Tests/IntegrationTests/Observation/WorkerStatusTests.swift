import Foundation
import TestSupport
import Testing

@Suite("The status of worker processes", .ownThread, .timeLimit(.minutes(3))) struct WorkerStatusTests {
    @Test("tells process, state, calls and memory of each")
    func workers() throws {
        let daemon = try RunningDaemon(
            DaemonConfiguration(plugins: [
                "Echo", #"{ "library": "libWait.so", "execution": "process", "workers": 2 }"#,
            ]))
        let peer = try daemon.connect()
        #expect(try peer.ask("wait 0") == Reply("waited 0\n"))
        let idle = try daemon.status(peer)
        #expect(Set(idle.workers.map(\.process)) == Set(daemon.workerProcesses))
        #expect(idle.workers.allSatisfy { $0.plugin == "wait" && $0.residentBytes > 1 << 20 })
        #expect(idle.workers.map(\.calls).reduce(0, +) == 1)
        let other = try daemon.connect()
        try other.send(recordBytes("wait 20"))
        try daemon.wait(until: "a worker is busy") { try daemon.status(peer).workers.contains { $0.state == "busy" } }
        let lines = try peer.ask("daemon status").output.split(separator: "\n").map(String.init)
        #expect(lines.contains { $0.hasPrefix("plugin  worker") })
        #expect(lines.contains { $0.split(separator: " ").prefix(3).last == "busy" })
        #expect(lines.allSatisfy { $0.count <= 80 })
        #expect(
            try peer.ask("daemon metrics").output.contains(
                "fastdaemon_workers{plugin=\"wait\",state=\"busy\"} 1\n"))
        other.hangUp()
    }

    @Test("tells of those, too, that end the calls of a version that was replaced")
    func replaced() throws {
        let folder = try DaemonFolder()
        try folder.build(version: "1")
        let daemon = try RunningDaemon(
            DaemonConfiguration(plugins: [#"{ "library": "libversions.so", "execution": "process", "workers": 1 }"#]),
            in: folder)
        let held = try daemon.session(RawRequest("hold"))
        try held.receive(text: "holding\n")
        let old = try #require(daemon.workerProcesses.first)
        try folder.build(version: "2")
        try daemon.reload()
        let workers = try daemon.status().workers
        #expect(Set(workers.map(\.process)) == Set(daemon.workerProcesses))
        #expect(workers.filter(\.replaced).map(\.process) == [old])
        #expect(try daemon.ask("daemon status").output.contains("busy, replaced "))
        #expect(try held.finish().summary == "version 1\n||completed 0")
        try daemon.wait(until: "it has ended") { try !daemon.status().workers.contains { $0.replaced } }
    }

    @Test("says which plugin is in quarantine, and why")
    func quarantine() throws {
        let daemon = try RunningDaemon(workers: ["crashing"])
        let peer = try daemon.connect()
        #expect(try peer.ask("daemon metrics").output.contains("fastdaemon_quarantined{plugin=\"crashing\"} 0\n"))
        try daemon.wait(until: "it is in quarantine") { try peer.ask("crash").errors.contains("quarantined") }
        let pool = try daemon.status(peer).pools.first { $0.plugin == "crashing" }
        #expect(pool?.crashes == 5 && pool?.quarantine?.contains("SIGSEGV") == true, "\(pool as Any)")
        let table = try peer.ask("daemon status").output
        #expect(table.contains("\ncrashing: quarantined") && table.contains("SIGSEGV"))
        #expect(table.split(separator: "\n").allSatisfy { $0.count <= 80 })
        #expect(try peer.ask("daemon metrics").output.contains("fastdaemon_quarantined{plugin=\"crashing\"} 1\n"))
        // It ends with a reload that has another library, and not with any other.
        #expect(try daemon.reload().isTakenUp)
        #expect(try peer.ask("fine").errors.contains("quarantined"))
        try Data([0]).append(to: daemon.folder.library("libcrashing.so"))
        #expect(try daemon.reload().isTakenUp)
        #expect(try peer.ask("fine") == Reply("fine\n"))
        #expect(try daemon.status(peer).pools.allSatisfy { $0.quarantine == nil })
    }
}
