import Foundation
import TestSupport
import Testing

@Suite("The status", .ownThread, .timeLimit(.minutes(3))) struct StatusTests {
    @Test("tells calls, statuses and times of each command")
    func figures() throws {
        let daemon = try RunningDaemon(DaemonConfiguration(limits: ["commandsPerPlugin": 1, "waitingPerPlugin": 1]))
        let peer = try daemon.connect()
        for _ in 0..<3 { _ = try peer.ask("echo hi") }
        for _ in 0..<2 { _ = try peer.ask("wait x") }
        try peer.send(recordBytes("wait 0.2") + recordBytes("wait 0.1") + recordBytes("wait 0.1"))
        let replies = try (0..<3).map { _ in try peer.receiveReply() }
        #expect(replies.map(\.output) == ["waited 0.2\n", "waited 0.1\n", ""])
        let echo = try daemon.figures(of: "echo", peer)
        #expect(echo.totals.calls == 3 && echo.totals.failures == 0 && echo.totals.statuses == [:])
        #expect(echo.ran.count >= 1 && echo.queued.count == 0 && echo.queued.p50 == nil)
        let wait = try daemon.figures(of: "wait", peer)
        #expect(wait.totals.calls == 4 && wait.totals.failures == 2 && wait.totals.refusals == 1)
        #expect(wait.totals.statuses == ["2": 2])
        #expect(wait.ran.count == 4 && wait.queued.count == 4)
        #expect((0.2..<5).contains(wait.ran.max ?? 0) && (0.18..<5).contains(wait.ran.p99 ?? 0))
        #expect((0.0..<0.1).contains(wait.ran.p50 ?? 1), "two of the four are over at once")
        #expect((0.15..<5).contains(wait.queued.max ?? 0), "one waited for another")
    }

    @Test("shows what runs and what waits")
    func underWay() throws {
        let daemon = try RunningDaemon(DaemonConfiguration(limits: ["commandsPerPlugin": 2]))
        let peer = try daemon.connect()
        try peer.send((0..<5).flatMap { _ in recordBytes("wait 30") })
        try daemon.waitUntil(running: 2, of: "wait")
        let other = try daemon.connect()
        let wait = try daemon.figures(of: "wait", other)
        #expect(wait.running == 2 && wait.waiting == 3 && wait.overdue == 0)
        let table = try other.ask("daemon status").output
        #expect(table.contains("; 2 running, 3 waiting, 0 overdue\n"))
        peer.hangUp()
    }

    @Test("tells what the process has: time, threads, descriptors and memory")
    func process() throws {
        let start = Stopwatch()
        let daemon = try RunningDaemon(openFiles: 500)
        let ready = Stopwatch()
        let peer = try daemon.connect()
        let waiting = try (0..<8).map { _ in try daemon.connect() }
        for peer in waiting { try peer.send("wait 60") }
        try daemon.wait(until: "each waits on a thread of its own") {
            let status = try daemon.status(peer)
            return status.threads == 8 && status.idleThreads == 0
        }
        let least = ready.seconds
        let status = try daemon.status(peer)
        #expect((least...start.seconds).contains(status.uptimeSeconds))
        #expect(status.process == daemon.process && status.connections == 9)
        #expect(status.descriptorLimit == 500)
        // The start may still have had one to close.
        try daemon.wait(until: "it has the descriptors that it tells of") {
            try daemon.status(peer).descriptors == daemon.descriptorCount
        }
        if !isSanitized {
            let seen = Double(daemon.residentBytes)
            #expect((0.8 * seen...1.2 * seen).contains(Double(status.residentBytes)))
        }
        for peer in waiting { peer.hangUp() }
        try daemon.wait(until: "none waits") { try daemon.status(peer).idleThreads == 8 }
    }

    @Test("of plugins tells of each the library, by its digest, and since when and which generation it is served")
    func plugins() throws {
        let daemon = try RunningDaemon()
        func digest(of library: String) throws -> String {
            let result = try run("/usr/bin/env", ["sha256sum", daemon.folder.library(library)])
            return String(result.outputText.prefix { $0 != " " })
        }
        let before = try daemon.plugins()
        #expect(before.generation == 1 && before.plugins.map(\.name) == ["echo", "wait", "count"])
        for plugin in before.plugins {
            let name = "lib\(plugin.name.capitalized).so"
            #expect(plugin.library.hasSuffix("/\(name)") && plugin.generation == 1)
            #expect(try plugin.digest == digest(of: name))
            let age = try Date.now.timeIntervalSince(
                Date(plugin.since, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
            #expect((0..<60).contains(age), "\(plugin.since)")
        }
        try Data([0]).append(to: daemon.folder.library("libWait.so"))
        #expect(try daemon.reload().isTakenUp)
        let after = try daemon.plugins()
        #expect(after.generation == 2)
        let (old, new) = (try #require(before["wait"]), try #require(after["wait"]))
        #expect(new.generation == 2 && new.since > old.since && new.digest != old.digest)
        #expect(try new.digest == digest(of: "libWait.so"))
        for name in ["echo", "count"] {
            let (old, new) = (try #require(before[name]), try #require(after[name]))
            #expect(new.generation == 1 && new.since == old.since && new.digest == old.digest)
        }
    }

    @Test("is no wider than 80 columns, nor are the other tables")
    func width() throws {
        let long = "a-command-with-a-name-of-41-characters-12345"
        let daemon = try RunningDaemon(
            DaemonConfiguration(
                plugins: [#"{ "library": "libEcho.so", "commands": { "echo": "echo", "\#(long)": "echo" } }"#, "Wait"]))
        let peer = try daemon.connect()
        for _ in 0..<100 { _ = try peer.ask(long, input: String(repeating: "x", count: 10_000)) }
        for word in ["1", "x", "0.01"] { _ = try peer.ask("wait \(word == "1" ? "0.05" : word)") }
        for words in ["daemon status", "daemon plugins", "daemon slow"] {
            let text = try peer.ask(words).output
            for line in text.split(separator: "\n") { #expect(line.count <= 80, "\(words): \(line)") }
        }
    }

    @Test("goes on over a reload")
    func reload() throws {
        let daemon = try RunningDaemon()
        let peer = try daemon.connect()
        for _ in 0..<3 { _ = try peer.ask("wait x") }
        let reply = try peer.ask("daemon reload")
        #expect(reply.output.hasSuffix("generation 2 is served now\n"), "\(reply)")
        _ = try peer.ask("wait x")
        #expect(try daemon.figures(of: "wait", peer).totals.statuses == ["2": 4])
        let plugins = try peer.ask("daemon plugins").output.split(separator: "\n").map(String.init)
        #expect(plugins.first == "generation 2")
        #expect(plugins.contains { $0.hasPrefix("wait") && $0.split(separator: " ").prefix(3).last == "4" })
    }

    @Test("names what is wrong where a reload is refused")
    func refusedReload() throws {
        let daemon = try RunningDaemon()
        try daemon.folder.write("{ nonsense")
        let result = try run(builtProgram("fastdaemon_client"), [daemon.folder.file("socket"), "daemon", "reload"])
        #expect(result.status == .exited(78) && result.outputText == "")
        #expect(result.errorText.contains("config.json") && result.errorText.hasSuffix("generation 1 is served on\n"))
        #expect(try daemon.ask("echo on") == Reply("on\n"))
    }
}
