import Foundation
import TestSupport
import Testing

@Suite("What handlers leave behind in worker processes", .ownThread, .timeLimit(.minutes(3)))
struct WorkerLeftoverTests {
    @Test("A process that a handler forked does not keep its call from ending, and ends with the worker")
    func forked() throws {
        let daemon = try RunningDaemon(workers: ["forking"], entry: #""workers": 1"#)
        #expect(try daemon.run("fork").summary == "forked\n||completed 0")
        #expect(try daemon.ask("fork") == Reply("forked\n"))
        #expect(try daemon.ask("lives") == Reply("alive\n"))
        let worker = try #require(daemon.workerProcesses.first)
        let forked = children(of: worker)
        #expect(forked.count == 2)
        #expect(try daemon.stop().status == .exited(0))
        // The daemon does not wait for them: the kernel ends them when it ends.
        try daemon.wait(until: "they have ended") { !forked.contains(where: isAlive) }
    }

    @Test("As the first process of a container, which has all orphans for children, the daemon collects them")
    func orphans() throws {
        let folder = try DaemonFolder()
        try folder.build("forking")
        let plugin = #"{ "library": "libforking.so", "execution": "process", "workers": 1 }"#
        let adopting =
            "import ctypes, os, sys; ctypes.CDLL(None).prctl(36, 1, 0, 0, 0); os.execv(sys.argv[1], sys.argv[1:])"
        let daemon = try RunningDaemon(
            startingIn: folder.with(DaemonConfiguration(plugins: [plugin])),
            launcher: ["/usr/bin/env", "python3", "-c", adopting])
        try daemon.waitUntilReady()
        #expect(try daemon.ask("fork") == Reply("forked\n"))
        let worker = try #require(daemon.workerProcesses.first)
        let orphan = try #require(children(of: worker).first)
        kill(worker, SIGKILL)
        try daemon.wait(until: "it is no more") { !FileManager.default.fileExists(atPath: "/proc/\(orphan)") }
        #expect(try daemon.ask("lives") == Reply("alive\n"))
    }

    @Test("A handler whose caller is gone has a moment to end; then its worker is ended, and others have its place")
    func abandoned() throws {
        let daemon = try RunningDaemon(
            workers: ["forking"], entry: #""workers": 1"#, DaemonConfiguration(limits: ["graceSeconds": 0.1]))
        let session = try daemon.session(RawRequest("linger"))
        try session.receive(text: "lingering\n")
        session.raw.hangUp()
        #expect(try daemon.ask("lives") == Reply("alive\n"))
        let record = try daemon.connect()
        try record.send("linger")
        try daemon.waitForStatus("it runs") { $0["linger"]?.running == 1 }
        record.hangUp()
        #expect(try daemon.ask("lives") == Reply("alive\n"))
        try daemon.waitUntilIdle()
    }

    @Test("Several such handlers in one worker do not keep it from being ended")
    func abandonedTogether() throws {
        let daemon = try RunningDaemon(
            workers: ["forking"], entry: #""workers": 1, "concurrency": 2"#,
            DaemonConfiguration(limits: ["graceSeconds": 0.1]))
        let sessions = try (0..<2).map { _ in try daemon.session(RawRequest("linger")) }
        for session in sessions { try session.receive(text: "lingering\n") }
        for session in sessions { session.raw.hangUp() }
        #expect(try daemon.ask("lives") == Reply("alive\n"))
        try daemon.waitUntilIdle()
    }

    @Test(
        "One that crashes or hangs when its plugin is destroyed is told of, and is no crash",
        arguments: [("crash", "was killed by SIGABRT"), ("hang", "did not end within 5 s, and was killed")])
    func badEnd(way: String, text: String) throws {
        let daemon = try RunningDaemon(workers: ["bad_end"], entry: #""workers": 1, "callsPerWorker": 1"#)
        let worker = try #require(daemon.workerProcesses.first)
        #expect(try daemon.ask("end \(way)") == Reply("so be it\n"))
        try daemon.waitForLog(
            "warning: worker process \(worker) \(text) while it was stopped, in the plugin's destroy function plugin=bad-end"
        )
        #expect(try daemon.ask("end well") == Reply("so be it\n"))
        #expect(!daemon.log.contains { $0.contains("error: worker process") })
    }

    @Test("A worker that cannot be replaced for want of descriptors is no reason for a quarantine; callers are told")
    func noDescriptors() throws {
        let folder = try DaemonFolder()
        try folder.build("crashing")
        let plugin = #"{ "library": "libcrashing.so", "execution": "process", "workers": 1 }"#
        let daemon = try RunningDaemon(DaemonConfiguration(plugins: [plugin]), in: folder, openFiles: 64)
        let worker = try #require(daemon.workerProcesses.first)
        let peer = try daemon.connect()
        #expect(try peer.ask("where") == Reply("\(worker)\n"))
        let others = try (0..<64).map { _ in try daemon.connect() }
        try daemon.wait(until: "there are no descriptors left") { daemon.descriptorCount >= 63 }
        kill(worker, SIGKILL)
        try daemon.waitForLog("Too many open files; it is tried again plugin=crashing")
        let reply = try peer.ask("where")
        #expect(reply.errors.contains("it has no worker process: cannot "), "\(reply)")
        #expect(reply.errors.contains("Too many open files; try again"), "\(reply)")
        for other in others { other.hangUp() }
        try daemon.wait(until: "there is a worker again") { try peer.ask("fine") == Reply("fine\n") }
        #expect(!daemon.log.contains { $0.contains("quarantined") })
    }

    @Test("Callers that hang up cost no worker and no quarantine where the handlers heed it")
    func hangUps() throws {
        let daemon = try RunningDaemon(workers: ["versions"], entry: #""workers": 1"#)
        let workers = daemon.workerProcesses
        for _ in 0..<8 {
            let session = try daemon.session(RawRequest("hold"))
            try session.receive(text: "holding\n")
            session.raw.hangUp()
        }
        #expect(try daemon.ask("version") == Reply("version 1\n"))
        #expect(daemon.workerProcesses == workers)
        #expect(!daemon.log.contains { $0.contains("worker process") })
    }
}
