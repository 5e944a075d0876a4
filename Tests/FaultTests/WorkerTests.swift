import Foundation
import TestSupport
import Testing

@Suite("Faults: worker processes", .ownThread, .timeLimit(.minutes(10))) struct WorkerTests {
    /// A daemon that serves fixtures, too.
    ///
    /// - Parameters:
    ///   - launcher: Words to put before the daemon's own.
    ///   - program: The daemon; left out, the one that was built for the tests.
    private static func daemon(
        _ entry: String, limits: [String: Double] = [:], launcher: [String] = [],
        program: String = builtProgram("fastdaemond")
    ) throws -> RunningDaemon {
        let folder = try DaemonFolder().with(DaemonConfiguration(plugins: ["Echo", "Count", entry], limits: limits))
        try folder.build("crashing", "session_events")
        let daemon = try RunningDaemon(startingIn: folder, program: program, launcher: launcher)
        try daemon.waitUntilReady()
        return daemon
    }

    @Test(
        "A worker that crashes 1,000 times under load: no call of another command fails, and it is replaced within 50 ms"
    )
    func crashes() throws {
        // How long it takes is asked of the daemon that people run.
        let program = try ReleaseBuild.path("fastdaemond")
        let daemon = try Self.daemon(
            #"{ "library": "libcrashing.so", "execution": "process", "workers": 1 }"#, launcher: RealTime.launcher,
            program: program)
        let load = Load(
            of: [
                .echo, Load.Question("count", input: "a b\n", reply: "      1       2       4\n"),
                // Of the plugin that crashes.
                Load.Question("fine", reply: "fine\n"),
            ], clients: 2, pace: 300
        ) { try daemon.connect() }
        let peer = try daemon.connect()
        let (replaced, reference) = try RealTime.measure { try replacements(on: peer, program) }
        let tally = load.stop()
        #expect(tally.failed == 0, "\(tally.failures)")
        #expect(tally.calls > 1000)
        // Where the daemon is as all other programs, how much longer than usual a start of it takes at such a moment is the machine's.
        let delay = RealTime.isAllowed ? 0 : reference.quantile(0.99) - reference.quantile(0.5)
        let slow = replaced.quantile(0.99)
        print(
            "workers: replaced within \(milliseconds(replaced.quantile(0.5))) at p50, \(milliseconds(slow)) at p99"
                + (RealTime.isAllowed ? "" : ", of which \(milliseconds(delay)) are the machine's"))
        #expect(slow - delay < 0.05)
        #expect(try daemon.stop().status == .exited(0))
    }

    /// Has a worker crash 1,000 times, in all ways.
    ///
    /// - Returns: how long it took each time until the next one had answered, and how long a start of the program did then.
    private func replacements(on peer: RawPeer, _ program: String) throws -> (Load.Tally, Load.Tally) {
        let ways = ["segv", "abort", "trap", "exit", "quit", "kill", "stack", "throw"]
        var (replaced, reference) = (Load.Tally(), Load.Tally())
        for number in 0..<1000 {
            let reply = try peer.ask("crash \(ways[number % ways.count])")
            try #require(reply.errors.contains("crashing: crash: its worker process "), "\(reply)")
            let watch = RealTime.Watch()
            // A command that did nothing but crash would be quarantined, whatever others do.
            try #require(try peer.ask("crash none fine") == Reply("fine"))
            replaced.durations.append(watch.seconds)
            if RealTime.isAllowed { continue }
            let start = PauselessStopwatch()
            #expect(try run(program, ["--version"]).status == .exited(0))
            reference.durations.append(start.seconds)
        }
        return (replaced, reference)
    }

    @Test("A plugin that always crashes: at most 10 starts in a minute, and its calls are refused in under 1 ms")
    func alwaysCrashing() throws {
        let program = try ReleaseBuild.path("fastdaemond")
        func starts(of daemon: RunningDaemon) -> Int {
            // Each that was started crashed, or is there.
            daemon.log.count { $0.contains("worker process") } + daemon.children.count
        }
        let entry = #"{ "library": "libcrashing.so", "execution": "process""#
        let usual = try Self.daemon("\(entry) }", program: program)
        // One that begins with more than that, of which all may crash at once: what counts are those that come after.
        let many = try Self.daemon(#"\#(entry), "workers": 12 }"#, program: program)
        try many.wait(until: "all are there") { many.children.count == 12 }
        let peers = try (0..<12).map { _ in try many.connect() }
        let peer = try usual.connect()
        var (refused, answered) = (Load.Tally(), Load.Tally())
        let watch = Stopwatch()
        while watch.seconds < 60 {
            for peer in peers { try peer.send("crash segv") }
            for peer in peers { #expect(try !peer.receiveReply().errors.isEmpty) }
            let refusal = PauselessStopwatch()
            let reply = try peer.ask("crash segv")
            if reply.errors.contains("quarantined") { refused.durations.append(refusal.seconds) }
            usleep(2500)
            let answer = PauselessStopwatch()
            #expect(try peer.ask("echo on") == Reply("on\n"))
            answered.durations.append(answer.seconds)
            usleep(2500)
        }
        // Where the machine is slow now and then, it is with both.
        let late = refused.share { $0 >= 0.001 }
        let usuallyLate = answered.share { $0 >= 0.001 }
        print(
            "always crashing: \(starts(of: usual)) starts in a minute; of 12 workers, \(starts(of: many) - 12) more; "
                + "refused in \(microseconds(refused.quantile(0.5))) at p50, \(percent(late)) in more than 1 ms, "
                + "as \(percent(usuallyLate)) of what is answered")
        #expect(starts(of: usual) <= 10)
        #expect(starts(of: many) - 12 <= 10)
        #expect(refused.durations.count > 1000)
        #expect(refused.quantile(0.5) < 0.001)
        #expect(late < usuallyLate + 0.02)
        for daemon in [usual, many] { #expect(try daemon.stop().status == .exited(0)) }
    }

    @Test("Clients that are killed whose handlers have started processes, and heed nothing, leave none of those behind")
    func killedParents() throws {
        let daemon = try Self.daemon(
            #"{ "library": "libcrashing.so", "execution": "process" }"#, limits: ["graceSeconds": 0.1])
        for _ in 0..<10 {
            let clients = try (0..<2).map { _ in
                try RunningProgram(builtProgram("fastdaemon_client"), [daemon.folder.file("socket"), "parent"])
            }
            var started: [pid_t] = []
            try daemon.wait(until: "both have started one") {
                started = daemon.children.flatMap { children(of: $0) }
                return started.count == 2
            }
            for client in clients { kill(client.id, SIGKILL) }
            for client in clients { _ = try client.wait() }
            try daemon.wait(until: "those are gone") { !started.contains { isAlive($0) } }
        }
        try daemon.waitUntilIdle()
        try daemon.wait(until: "there are as many workers as before") { daemon.children.count == 2 }
        #expect(try daemon.ask("fine") == Reply("fine\n"))
        #expect(!daemon.log.contains { $0.contains("error: worker process") }, "none of them crashed")
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
            try daemon.waitForStatus("ten hold") { $0["hold"]?.running == 10 }
            for client in clients { kill(client.id, SIGKILL) }
            for client in clients { _ = try client.wait() }
        }
        try daemon.waitUntilIdle()
        #expect(try daemon.ask("echo on") == Reply("on\n"))
        #expect(Set(daemon.children) == workers, "the same workers, and nobody else")
        #expect(!daemon.log.contains { $0.contains("worker process") }, "none of them crashed")
    }
}
