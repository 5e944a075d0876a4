import Foundation
import Synchronization
import TestSupport
import Testing

@Suite("Pools of worker processes", .ownThread, .timeLimit(.minutes(3))) struct WorkerPoolTests {
    private func place(_ daemon: RunningDaemon, _ line: String = "where") throws -> Int32 {
        let reply = try daemon.ask(line)
        return try #require(Int32(reply.output.dropLast()), "\(reply)")
    }

    @Test("There are two unless the config says otherwise, and none loads its library in the daemon")
    func count() throws {
        let daemon = try RunningDaemon(workers: ["crashing"], entry: #""workers": 3"#)
        try daemon.wait(until: "three workers run") { daemon.workerProcesses.count == 3 }
        #expect(try daemon.workerProcesses.contains(place(daemon)))
        let files = try daemon.codeFiles()
        #expect(files.contains { $0.contains("libEcho.so") } && !files.contains { $0.contains("libcrashing.so") })
        #expect(daemon.workerProcesses.allSatisfy { getpgid($0) == $0 })
        #expect(try daemon.stop().status == .exited(0))
    }

    @Test("A worker is replaced after its calls, while it is idle, and no call notices")
    func wear() throws {
        let daemon = try RunningDaemon(workers: ["crashing"], entry: #""workers": 1, "callsPerWorker": 10"#)
        var places: [Int32] = []
        try daemon.wait(until: "two were replaced") {
            places.append(try place(daemon))
            return Set(places).count > 2
        }
        for process in Set(places) where process != places.last { #expect(places.filter { $0 == process }.count >= 10) }
        #expect(!daemon.log.contains { $0.contains("worker process") })
    }

    @Test(
        "What is sent to all processes of a service is the daemon's affair",
        arguments: [SIGHUP, SIGINT, SIGUSR1, SIGUSR2])
    func signals(number: Int32) throws {
        let daemon = try RunningDaemon(workers: ["crashing"], entry: #""workers": 1"#)
        let worker = try place(daemon)
        kill(worker, number)
        #expect(try place(daemon) == worker)
    }

    @Test(
        "A worker that keeps too much memory is replaced",
        .enabled(if: !isSanitized, "the sanitizer keeps more than the handler does"))
    func memory() throws {
        let daemon = try RunningDaemon(
            workers: ["crashing"], entry: #""workers": 1"#,
            DaemonConfiguration(limits: ["workerIdleMemoryBytes": Double(96 << 20)]))
        let before = try place(daemon)
        #expect(try place(daemon, "hoard 128") == before)
        try daemon.wait(until: "another has taken its place") { try place(daemon) != before }
        try daemon.wait(until: "it has ended") { !isAlive(before) }
        #expect(!daemon.log.contains { $0.contains("worker process") })
    }

    @Test(
        "A worker has its own limits on descriptors and memory, and no core file and no new privileges",
        .enabled(if: !isSanitized, "no ceiling leaves the sanitizer the memory that it needs"))
    func limits() throws {
        let daemon = try RunningDaemon(
            workers: ["crashing"], entry: #""workers": 1"#,
            DaemonConfiguration(limits: ["workerDescriptors": 64, "workerMemoryBytes": Double(200 << 20)]),
            launcher: ["/bin/sh", "-c", #"exec 9</etc/passwd; exec "$0" "$@""#])
        let opened = try #require(Int(daemon.ask("descriptors").output.dropLast()))
        #expect((32...61).contains(opened))
        #expect(try daemon.ask("hoard 300").output == "")
        let process = try place(daemon)
        let limits = try String(contentsOfFile: "/proc/\(process)/limits", encoding: .utf8)
        #expect(limits.contains(#/Max core file size +0 +0 /#))
        let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        #expect(status.contains("NoNewPrivs:\t1"))
        func targets(_ process: Int32) throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd").compactMap {
                try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/fd/\($0)")
            }
        }
        #expect(try targets(daemon.process).contains("/etc/passwd"), "it was there for a worker to inherit")
        let targets = try targets(process)
        #expect(!targets.contains("/etc/passwd"), "nothing of the daemon's but what it was given")
        #expect(targets.filter { $0.hasPrefix("socket:") }.count <= 2)
    }

    @Test(
        "A worker may have stacks for as many calls as it is given, however many the config asks for",
        .enabled(if: !isSanitized, "no ceiling leaves the sanitizer the memory that it needs"))
    func stacks() throws {
        let daemon = try RunningDaemon(
            workers: ["crashing"], entry: #""workers": 1, "concurrency": 10000"#,
            DaemonConfiguration(limits: ["workerDescriptors": 64, "workerMemoryBytes": Double(200 << 20)]))
        // 16 calls, of 8 MiB each.
        #expect(try daemon.ask("hoard 250").output != "")
        #expect(try daemon.ask("hoard 400").output == "")
    }

    @Test("Where memory runs out the kernel is to end a worker, and not the daemon")
    func memoryOfTheMachine() throws {
        let daemon = try RunningDaemon(workers: ["crashing"], entry: #""workers": 1"#)
        func adjustment(of process: Int32) throws -> Int? {
            Int(try String(contentsOfFile: "/proc/\(process)/oom_score_adj", encoding: .utf8).dropLast())
        }
        let own = try #require(try adjustment(of: daemon.process))
        #expect(try adjustment(of: place(daemon)) == min(own + 500, 1000))
    }

    @Test("A worker has no more calls at a time than descriptors for all that they need; others wait, and none fails")
    func descriptors() throws {
        var configuration = DaemonConfiguration(
            plugins: [
                #"{ "library": "libsession_events.so", "execution": "process", "workers": 1, "concurrency": 40 }"#
            ], limits: ["workerDescriptors": 64])
        let folder = try DaemonFolder()
        try folder.build("session_events")
        let daemon = try RunningDaemon(configuration, in: folder)
        let warning = "plugins[0].concurrency: a worker process has descriptors for 16 calls at once"
        #expect(daemon.log.contains { $0.contains("\(warning) (limits.workerDescriptors), so 16 run, not 40") })
        let mayEnd = Flag()
        defer { mayEnd.set() }
        let holding = Atomic(0)
        let ends = Mutex<[String]>([])
        let callers = (0..<40).map { _ in
            BackgroundThread {
                let end = Result {
                    // Each has its socket, its directory, and the descriptor that its handler waits on.
                    let call = try daemon.session(RawRequest("hold").with(\.directory, "/"))
                    try call.receive(text: "holding\n")
                    holding.add(1, ordering: .relaxed)
                    while !mayEnd.isSet { usleep(1000) }
                    try call.send(.signal(15))
                    return try call.finish().summary
                }
                ends.withLock { $0.append((try? end.get()) ?? "\(end)") }
            }
        }
        try daemon.waitForStatus("16 run, and the others wait") {
            $0["hold"]?.running == 16 && $0["hold"]?.waiting == 24
        }
        // Another worker may have more; those that run go on where they are.
        configuration.limits = ["workerDescriptors": 256]
        let reload = try daemon.reload(configuration)
        #expect(reload.isTakenUp && !reload.lines.contains { $0.contains("loaded anew") || $0.contains(warning) })
        try daemon.wait(until: "all run") { holding.load(ordering: .relaxed) == 40 }
        mayEnd.set()
        for caller in callers { caller.join() }
        #expect(ends.withLock { $0 } == Array(repeating: "goodbye\n||completed 143", count: 40))
        #expect(try daemon.status().pools.allSatisfy { $0.crashes == 0 })
    }

    @Test("The daemon allows itself the descriptors that its workers and their calls take")
    func daemonDescriptors() throws {
        let folder = try DaemonFolder()
        try folder.build("session_events")
        let many = (1...12).map {
            #"{ "library": "libWait.so", "name": "wait\#($0)", "execution": "process", "workers": 1, "#
                + #""commands": { "wait\#($0)": "wait" } }"#
        }
        let busy = #"{ "library": "libsession_events.so", "execution": "process", "concurrency": 480 }"#
        try folder.write(
            DaemonConfiguration(
                plugins: many + [busy], limits: ["connections": 64, "workerDescriptors": 4096]
            ).text)
        let daemon = try RunningDaemon(
            startingIn: folder, launcher: ["/bin/sh", "-c", #"ulimit -Sn 48 && exec "$0" "$@""#])
        try daemon.waitUntilReady()
        #expect(!daemon.log.contains { $0.contains("Too many open files") }, "\(daemon.log)")
        #expect(try daemon.status().descriptorLimit > 64 + 480)
        let peers = try (0..<8).map { _ in try daemon.connect() }
        for peer in peers { try peer.send(Array(repeating: recordBytes("hold"), count: 60).flatMap { $0 }) }
        try daemon.waitForStatus("all run") { $0["hold"]?.running == 480 }
        #expect(try daemon.ask("wait12 0") == Reply("waited 0\n"))
        for peer in peers { peer.hangUp() }
        try daemon.waitUntilIdle()
    }

    @Test("As many calls run in a worker as the config says, however little memory that has for its data")
    func threads() throws {
        let daemon = try RunningDaemon(
            workers: ["session_events"], entry: #""workers": 1, "concurrency": 70"#,
            DaemonConfiguration(limits: ["workerMemoryBytes": Double(64 << 20)]))
        let calls = try (0..<70).map { _ in try daemon.session(RawRequest("hold")) }
        for call in calls { try call.receive(text: "holding\n") }
        for call in calls { try call.send(.signal(15)) }
        for call in calls { #expect(try call.finish().summary == "goodbye\n||completed 143") }
        #expect(!daemon.log.contains { $0.contains("cannot start") }, "\(daemon.log)")
    }

    @Test("Calls that wait for a worker are dropped when their callers go")
    func waiting() throws {
        let daemon = try RunningDaemon(workers: ["session_tools"], entry: #""workers": 1"#)
        let gate = try Gate(of: daemon)
        let running = try daemon.session(RawRequest("deaf", gate.path))
        try running.receive(text: "at the gate\n")
        let gone = try daemon.session(RawRequest("exit", "0"))
        try daemon.waitForStatus("one waits") { $0["exit"]?.waiting == 1 }
        gone.raw.hangUp()
        try daemon.waitForStatus("none waits") { $0["exit"]?.waiting == 0 }
        try gate.open()
        #expect(try running.finish().end.status == 0)
        #expect(try daemon.status()["exit"]?.totals.calls == 0)
    }

    @Test(
        "A library that does not start in a worker is refused with its reason, and the others serve",
        arguments: [
            ("failing_create", "{}", "its start failed: no database there"),
            ("no_entry", "{}", "it does not export fastdaemon_plugin_entry"),
            ("failing_start", #"{"start":"crash"}"#, "a worker process was killed by SIGABRT while it was loaded"),
            ("failing_start", #"{"start":"hang"}"#, "a worker process did not load it in time (5 s)"),
        ])
    func failingStart(fixture: String, options: String, text: String) throws {
        let daemon = try RunningDaemon(workers: [fixture], entry: #""options": \#(options)"#)
        let errors = daemon.log.filter { $0.contains(" error: ") }
        #expect(errors.count == 1, "\(errors)")
        #expect(
            errors.first?.contains("plugins[3]: cannot load \(daemon.folder.library("lib\(fixture).so")): \(text)")
                == true)
        #expect(try daemon.ask("echo on") == Reply("on\n"))
        try daemon.wait(until: "no worker is left") { daemon.workerProcesses.isEmpty }
    }

    @Test("A command that asks for a process of its own has one, and the others of its plugin run in the daemon")
    func mixed() throws {
        let folder = try DaemonFolder()
        try folder.build("failing_start")
        let daemon = try RunningDaemon(DaemonConfiguration(plugins: ["failing_start"]), in: folder)
        #expect(try place(daemon, "here") == daemon.process)
        #expect(try daemon.workerProcesses.contains(place(daemon, "where")))
        #expect(try folder.runDaemon("--check").status == .exited(0))
    }
}
