import Foundation
import TestSupport
import Testing

/// What calls that do not stop leave to the others.
@Suite("Calls that are overdue", .ownThread, .timeLimit(.minutes(3))) struct OverdueTests {
    @Test("They keep their plugin's places, and none of the daemon's")
    func places() throws {
        let daemon = try RunningDaemon(
            withTimeout: 0.2, concurrency: 3, DaemonConfiguration(limits: ["commands": 1, "waitingPerPlugin": 3]))
        let gates = try (1...3).map { try Gate("gate\($0)", of: daemon) }
        // One after the other: the daemon has one place, which each of them gives up.
        for count in 1...3 {
            #expect(try daemon.ask("linger \(gates[count - 1].path)").errors.contains("past its limit"))
            try daemon.waitForStatus("it is overdue") { $0["linger"]?.overdue == count }
            #expect(try daemon.ask("wait 0") == Reply("waited 0\n"))
        }
        // The plugin has no place any more.
        let waiting = try daemon.session(RawRequest("left"))
        try daemon.waitForStatus("it waits") { $0["left"]?.waiting == 1 }
        let end = try waiting.receiveEnd()
        #expect(end.verdict == .timedOut)
        #expect(end.status == 124)
        #expect(
            end.text
                == "left: it waited 0.2 s for its turn, which is as long as it may (plugins[].timeoutSeconds); it was not run"
        )
        #expect(try daemon.ask("left").errors.contains("it waited 0.2 s for its turn"))
        #expect(try daemon.status()["left"]?.totals.calls == 0)
        for gate in gates { try gate.open() }
        try daemon.waitUntilIdle()
        #expect(try daemon.ask("left").errors == "")
    }

    @Test("As many others as before run at once, however many threads are stuck")
    func threads() throws {
        let folder = try DaemonFolder()
        try folder.build("overdue")
        let daemon = try RunningDaemon(
            DaemonConfiguration(
                plugins: [
                    #"{ "library": "liboverdue.so", "concurrency": 6, "timeoutSeconds": 0.1 }"#,
                    #"{ "library": "liboverdue.so", "name": "patient", "commands": { "patient": "linger" } }"#,
                ], limits: ["commands": 2]), in: folder)
        let gates = try (1...6).map { try Gate("gate\($0)", of: daemon) }
        for gate in gates { #expect(try daemon.ask("linger \(gate.path)").errors.contains("past its limit")) }
        try expectTwoAtOnce(daemon, "first", begun: 6)
        for gate in gates { try gate.open() }
        try daemon.waitForStatus("none is overdue") { $0["linger"]?.running == 0 }
        // The threads that took the place of the stuck ones are not needed any more.
        try expectTwoAtOnce(daemon, "second", begun: 10)
    }

    /// Of four calls two are in their handlers, and two wait until those have ended.
    private func expectTwoAtOnce(_ daemon: RunningDaemon, _ name: String, begun before: Int) throws {
        let gates = try (0..<4).map { try Gate("\(name)\($0)", of: daemon) }
        let peer = try daemon.connect()
        for gate in gates { try peer.send("patient \(gate.path)") }
        try daemon.waitForStatus("two run and two wait") {
            $0["patient"]?.running == 2 && $0["patient"]?.waiting == 2 && begun(daemon) == before + 2
        }
        for gate in gates {
            try gate.open()
            #expect(try peer.receiveReply().errors == "")
        }
        try daemon.wait(until: "the log tells of all four") { begun(daemon) == before + 4 }
    }

    private func begun(_ daemon: RunningDaemon) -> Int { daemon.log.count { $0.contains("linger begins") } }

    @Test("A daemon that stops waits for one until the limit, and no longer")
    func drain() throws {
        let daemon = try RunningDaemon(withTimeout: 0.1, DaemonConfiguration(limits: ["drainSeconds": 0.4]))
        let gate = try Gate(of: daemon)
        #expect(try daemon.ask("linger \(gate.path)").errors.contains("past its limit"))
        let watch = Stopwatch()
        daemon.send(SIGTERM)
        let result = try daemon.wait()
        #expect(result.status == .exited(1))
        #expect((0.3...4).contains(watch.seconds), "\(watch.seconds) s")
        #expect(result.errorText.contains("dropped a call"))
    }

    @Test("One that ends while the daemon stops is dropped by nobody")
    func drainedInTime() throws {
        let daemon = try RunningDaemon(withTimeout: 0.1)
        let gate = try Gate(of: daemon)
        #expect(try daemon.ask("linger \(gate.path)").errors.contains("past its limit"))
        daemon.send(SIGTERM)
        try daemon.waitForLog("stopping: no new connections")
        try gate.open()
        #expect(try daemon.wait().status == .exited(0))
    }
}
