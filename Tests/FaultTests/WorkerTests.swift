import Foundation
import TestSupport
import Testing

@Suite("Faults: worker processes", .ownThread, .timeLimit(.minutes(5))) struct WorkerTests {
    private static func daemon(_ entry: String) throws -> RunningDaemon {
        let folder = try DaemonFolder()
        guard let compiler = Compiler.c else { throw TestFailure("cc, which build-essential has, is not installed") }
        for name in ["crashing", "session_events"] {
            chmod(try FixturePlugin(name).build(in: folder.file("plugins"), with: compiler), 0o755)
        }
        return try RunningDaemon(DaemonConfiguration(plugins: ["Echo", "Count", entry]), in: folder)
    }

    @Test(
        "A worker that crashes 1,000 times under load: no call of another command fails, and it is replaced within 50 ms"
    )
    func crashes() throws {
        let daemon = try Self.daemon(#"{ "library": "libcrashing.so", "execution": "process", "workers": 1 }"#)
        let load = Load(
            of: [.echo, Load.Question("count", input: "a b\n", reply: "      1       2       4\n")], clients: 2,
            pace: 300
        ) { try daemon.connect() }
        let peer = try daemon.connect()
        let ways = ["segv", "abort", "trap", "exit", "quit", "kill", "stack"]
        var replacements = Load.Tally()
        for number in 0..<1000 {
            let reply = try peer.ask("crash \(ways[number % ways.count])")
            #expect(reply.errors.contains("crashing: crash: its worker process "), "\(reply)")
            let watch = Stopwatch()
            #expect(try peer.ask("fine") == Reply("fine\n"))
            replacements.durations.append(watch.seconds)
        }
        let tally = load.stop()
        #expect(tally.failed == 0, "\(tally.failures)")
        #expect(tally.calls > 1000)
        // The middle one of five stretches, so that a pause of the machine's own counts for one of them and not for all.
        let times = (0..<5).map {
            Load.Tally(durations: Array(replacements.durations[($0 * 200)..<($0 * 200 + 200)])).quantile(0.99)
        }
        print("workers: replaced within \(replacements.quantile(0.5)) s at p50; at p99 of each 200 \(times.sorted())")
        #expect(times.sorted()[2] < 0.05)
        #expect(try daemon.stop().status == .exited(0))
    }

    @Test("Clients that are killed in mid-session, 500 times, leave no process behind")
    func killedClients() throws {
        let daemon = try Self.daemon(
            #"{ "library": "libsession_events.so", "execution": "process", "concurrency": 10 }"#)
        let workers = Set(daemon.children)
        for _ in 0..<50 {
            let clients = try (0..<10).map { _ in
                try RunningProgram(builtProgram("fastdaemon_client"), [daemon.folder.file("socket"), "hold"])
            }
            try daemon.wait(until: "ten hold", seconds: 20) {
                try daemon.status().commands.first { $0.name == "hold" }?.running == 10
            }
            for client in clients { kill(client.id, SIGKILL) }
            for client in clients { _ = try client.wait() }
        }
        let watch = Stopwatch()
        while try !daemon.ask("daemon status").output.contains("\n1 connections,"), watch.seconds < 10 { sched_yield() }
        #expect(try daemon.ask("echo on") == Reply("on\n"))
        #expect(Set(daemon.children) == workers, "the same workers, and nobody else")
        #expect(!daemon.log.contains { $0.contains("worker process") }, "none of them crashed")
    }
}
