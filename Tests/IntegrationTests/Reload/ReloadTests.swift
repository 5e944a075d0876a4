import Foundation
import TestSupport
import Testing

@Suite("A reload")
struct ReloadTests {
    @Test("takes up a new version while calls of the old one go on, and destroys that when the last has ended")
    func newVersion() throws {
        let daemon = try RunningDaemon(version: "1")
        let held = try daemon.session(RawRequest("hold"))
        try held.receive(text: "holding\n")
        try daemon.folder.build(version: "2")
        let lines = try daemon.reload().lines
        #expect(lines.contains { $0.contains("notice: versions 1.0 was loaded anew") })
        #expect(lines.contains { $0.contains("notice: reloaded generation=2") })
        #expect(try daemon.ask("version").output == "version 2\n")
        #expect(!daemon.log.contains { $0.contains("destroyed 1") })
        #expect(try held.finish().summary == "version 1\n||completed 0")
        #expect(daemon.waitForLine { $0.contains("destroyed 1") } != nil)
        // Code of it may be on the way still, of a thread that it started or an exit handler.
        #expect(try daemon.codeFiles().count { $0.contains("libversions.so") } == 2)
        #expect(try daemon.stop().status == .exited(0))
        #expect(daemon.log.contains { $0.contains("destroyed 2") })
    }

    @Test("says that another number of loops takes a restart, and serves on with those that there are")
    func loops() throws {
        let daemon = try RunningDaemon(DaemonConfiguration(others: ["loops": "3"]))
        #expect(try daemon.status().loops == 3)
        try daemon.folder.write(DaemonConfiguration(others: ["loops": "2"]).text)
        let outcome = try daemon.ask("daemon reload")
        #expect(outcome.output.contains("loops: the new number takes a restart"), "\(outcome)")
        #expect(try daemon.status().loops == 3)
    }

    @Test("carries over what has not changed: it is not loaded again, and its counts go on")
    func unchanged() throws {
        let daemon = try RunningDaemon(version: "1")
        for _ in 0..<3 { _ = try daemon.ask("version") }
        try daemon.reload()
        #expect(try daemon.ask("version").output == "version 1\n")
        #expect(daemon.log.filter { $0.contains("created 1") }.count == 1)
        #expect(!daemon.log.contains { $0.contains("tested") || $0.contains("destroyed") })
        #expect(try daemon.status()["version"]?.totals.calls == 4)
    }

    @Test("serves what is listed now, and nothing else, under the names that it is to have now")
    func plugins() throws {
        let daemon = try RunningDaemon(version: "1")
        let lines = try daemon.reload(
            DaemonConfiguration(plugins: [
                #"{ "library": "libversions.so", "commands": { "which": "version" } }"#, "Wait",
            ])
        ).lines
        #expect(lines.contains { $0.contains("notice: echo is not served any more") })
        #expect(lines.contains { $0.contains("notice: wait 1.0 is new") })
        #expect(try daemon.ask("which").output == "version 1\n")
        #expect(try daemon.ask("wait 0").output == "waited 0\n")
        for gone in ["version", "echo"] {
            #expect(try daemon.ask(gone).errors.contains("there is no command '\(gone)'"))
        }
    }

    @Test("changes limits and the log")
    func limits() throws {
        let daemon = try RunningDaemon(version: "1")
        let text = String(repeating: "x", count: 100)
        let open = try daemon.connect()
        #expect(try open.ask("echo \(text)").output == "\(text)\n")
        var changed = DaemonConfiguration.versions
        (changed.limits, changed.level) = (["replyBytes": 64], "info")
        try daemon.reload(changed)
        for peer in [open, try daemon.connect()] {
            #expect(try peer.ask("echo \(text)").errors.contains("(limits.replyBytes)"))
        }
        #expect(daemon.waitForLine { $0.contains("info: call command=echo") } != nil)
        try daemon.reload(.versions)
        for peer in [open, try daemon.connect()] { #expect(try peer.ask("echo \(text)").output == "\(text)\n") }
    }

    @Test("ends no call in a worker for the sake of limits and the log: workers that start from then on have them")
    func limitsOfWorkers() throws {
        var configuration = DaemonConfiguration(
            plugins: [
                #"{ "library": "libversions.so", "execution": "process", "workers": 1 }"#,
                #"{ "library": "libcrashing.so", "execution": "process", "workers": 1, "concurrency": 2 }"#,
            ], limits: ["drainSeconds": 0.1, "workerDescriptors": 100])
        let folder = try DaemonFolder()
        try folder.build(version: "1")
        try folder.build("crashing")
        let daemon = try RunningDaemon(configuration, in: folder)
        let held = try daemon.session(RawRequest("hold"))
        try held.receive(text: "holding\n")
        _ = try held.waitForPull()
        let before = try #require(Int(try daemon.ask("descriptors").output.dropLast()))
        configuration.limits = ["drainSeconds": 0.1, "workerDescriptors": 200, "recordBytes": 65_536]
        configuration.level = "debug"
        let reload = try daemon.reload(configuration)
        #expect(reload.isTakenUp && !reload.lines.contains { $0.contains("was loaded anew") }, "\(reload.lines)")
        try daemon.wait(until: "a worker has the new limit") {
            try daemon.ask("descriptors").output == "\(before + 100)\n"
        }
        #expect(try held.isQuiet(for: 0.3), "for longer than a generation is drained")
        #expect(try held.finish().summary == "version 1\n||completed 0")
        #expect(try daemon.status().pools.allSatisfy { $0.crashes == 0 })
    }

    @Test("happens at SIGHUP also where that was ignored at the start, as under nohup")
    func nohup() throws {
        let folder = try DaemonFolder().with(DaemonConfiguration(plugins: ["Echo"]))
        let ignoring = ["/bin/sh", "-c", #"trap '' HUP; exec "$0" "$@""#]
        let daemon = try RunningDaemon(startingIn: folder, launcher: ignoring)
        try daemon.waitUntilReady()
        #expect(try daemon.reload().isTakenUp)
    }

    @Test("is told to whoever asks for it, and changes nothing where it is refused")
    func command() throws {
        let daemon = try RunningDaemon(version: "1")
        #expect(try daemon.run("daemon", "reload").end.status == 0)
        try daemon.folder.build(version: "2")
        #expect(try daemon.run("daemon", "reload").end.status == 0)
        #expect(try daemon.ask("version").output == "version 2\n")
        try daemon.folder.write("{")
        let refused = try daemon.run("daemon", "reload")
        #expect(refused.end.status == 78)
        #expect(refused.errorText.contains("config.json: not JSON"))
        #expect(try daemon.ask("version").output == "version 2\n")
    }

    @Test("happens once for those who ask while one goes on, and once more")
    func coalescing() throws {
        let daemon = try RunningDaemon(version: "1")
        for _ in 0..<200 { daemon.send(SIGHUP) }
        try daemon.reload()
        #expect(try daemon.ask("version").output == "version 1\n")
    }

    @Test("gives up calls of the old version that go on for longer than the limit on draining")
    func drainLimit() throws {
        var configuration = DaemonConfiguration.versions
        configuration.limits = ["drainSeconds": 0.2]
        let daemon = try RunningDaemon(version: "1", configuration)
        let held = try daemon.session(RawRequest("hold"))
        try held.receive(text: "holding\n")
        try daemon.folder.build(version: "2")
        try daemon.reload()
        #expect(try held.skipToEnd().status == 75)
        #expect(daemon.waitForLine { $0.contains("destroyed 1") } != nil)
    }

    @Test("answers the callers of records whose calls do not even heed that, and lets those go on", arguments: [1, 2])
    func stubborn(records: Int) throws {
        let folder = try DaemonFolder()
        try folder.build("toolbox")
        var configuration = DaemonConfiguration(
            plugins: ["toolbox", "Echo"], limits: ["drainSeconds": 0.1, "graceSeconds": 0.1], level: "info")
        let daemon = try RunningDaemon(configuration, in: folder)
        let peers = try (0..<records).map { _ in try daemon.connect() }
        for peer in peers { try peer.send("stubborn") }
        try daemon.wait(until: "they run") { try daemon.status()["stubborn"]?.running == records }
        configuration.plugins = ["Echo"]
        try daemon.reload(configuration)
        for peer in peers {
            let reply = try peer.receiveReply()
            #expect(reply.errors == "fastdaemond: stubborn: given up: another version took its place\n")
            #expect(try peer.ask("echo on") == Reply("on\n"))
        }
        try daemon.waitForLog("a call goes on past its limit command=stubborn")
        try daemon.wait(until: "they are counted as what their callers were told") {
            daemon.log.count { $0.contains("info: call command=stubborn") && $0.contains(" status=75 ") } == records
        }
        #expect(try daemon.stop().status == .exited(1), "they are dropped in the end")
    }

    @Test(
        "answers callers of sessions and records that heed nothing, and ends the workers that they are in",
        arguments: [false, true])
    func deaf(isInWorker: Bool) throws {
        let folder = try DaemonFolder()
        try folder.build("session_tools")
        let execution = isInWorker ? #", "execution": "process""# : ""
        var configuration = DaemonConfiguration(
            plugins: [#"{ "library": "libsession_tools.so"\#(execution) }"#, "Echo"],
            limits: ["drainSeconds": 0.2, "graceSeconds": 0.2], level: "info")
        let daemon = try RunningDaemon(configuration, in: folder)
        let gates = try (1...2).map { try Gate("gate\($0)", of: daemon) }
        let session = try daemon.session(RawRequest("deaf", gates[0].path))
        try session.receive(text: "at the gate\n")
        let peer = try daemon.connect()
        try peer.send("deaf \(gates[1].path)")
        try daemon.wait(until: "both run") { try daemon.status()["deaf"]?.running == 2 }
        configuration.plugins = ["Echo"]
        try daemon.reload(configuration)
        let watch = PauselessStopwatch()
        let end = try session.skipToEnd()
        #expect(end.verdict == .shuttingDown && end.status == 75, "\(end)")
        #expect(end.text == "deaf: given up: another version took its place")
        let reply = try peer.receiveReply()
        #expect(reply.errors == "fastdaemond: deaf: given up: another version took its place\n", "\(reply)")
        if isInWorker {
            try daemon.wait(until: "their workers are gone") { daemon.workerProcesses.isEmpty }
            // The drain limit, the grace to heed it, and that of the worker.
            #expect(watch.seconds < 0.2 + 2 * 0.2 + 0.5, "\(watch.seconds) s")
        } else {
            try daemon.waitForLog("a call goes on past its limit command=deaf")
            for gate in gates { try gate.open() }
        }
        #expect(try peer.ask("echo on") == Reply("on\n"))
        try daemon.wait(until: "both are counted as what their callers were told") {
            daemon.log.count { $0.contains("info: call command=deaf") && $0.contains("status=75") } == 2
        }
        #expect(try daemon.stop().status == .exited(0))
    }

    @Test("that is asked for while the daemon comes up happens when it is there")
    func early() throws {
        let folder = try DaemonFolder()
        try folder.build(version: "1")
        try folder.write(DaemonConfiguration.versions.text)
        let daemon = try RunningDaemon(startingIn: folder)
        // The first line is the plugin's, which is being loaded.
        #expect(daemon.waitForLine { $0.contains("created 1") } != nil)
        daemon.send(SIGHUP)
        try daemon.waitForReload()
        #expect(try daemon.ask("version").output == "version 1\n")
    }
}
