import Foundation
import TestSupport
import Testing

@Suite("What keeps a daemon from stopping is given up, and named", .ownThread, .timeLimit(.minutes(3)))
struct GivingUpTests {
    @Test(
        """
        A plugin that hangs while a reload loads it keeps neither the daemon from ending nor what was served from being \
        destroyed, and is named
        """,
        arguments: [["slow_life"], ["lifetimes", "slow_life"]])
    func hangingReload(next: [String]) throws {
        let daemon = try RunningDaemon(with: ["lifetimes"])
        let gate = try Gate(of: daemon)
        try daemon.folder.replace(FixturePlugin("slow_life"), definitions: [#"GATE="\#(gate.path)""#])
        try daemon.folder.write(DaemonConfiguration(plugins: next).text)
        daemon.send(SIGHUP)
        try daemon.waitForLog("being created")
        let watch = PauselessStopwatch()
        let result = try daemon.stop()
        #expect(result.status == .exited(0), "nothing was dropped that anybody had")
        #expect(watch.seconds < 8, "\(watch.seconds) s")
        #expect(result.errorText.contains(" notice: destroyed plugin=lifetimes\n"))
        #expect(result.errorText.contains(" warning: gave up the reload\n"))
        let library = daemon.folder.library("libslow_life.so")
        let place = "plugins[\(next.count - 1)]"
        let text = "\(place): a function of \(library) has not returned, and what is listed after it waits"
        for what in ["still loading after 3 s", "gave up loading"] {
            #expect(result.errorText.contains(" warning: \(what): \(text) plugin=libslow_life.so\n"))
        }
    }

    @Test(
        "A plugin that hangs when it is destroyed does not either, and is named",
        arguments: [
            ("hang", "its destroy function has not returned"),
            ("work", "functions that it handed to the pool have not returned (1)"),
        ])
    func hangingEnd(way: String, text: String) throws {
        let daemon = try RunningDaemon(
            with: ["bad_end"], DaemonConfiguration(plugins: ["bad_end"], limits: ["drainSeconds": 0.1]))
        #expect(try daemon.ask("end \(way)") == Reply("so be it\n"))
        let result = try daemon.stop()
        #expect(result.status == .exited(1))
        #expect(result.errorText.contains(" warning: gave up destroying: \(text) plugin=bad-end\n"))
    }

    @Test("A handler that does not even heed its cancellation does not keep the daemon from ending")
    func stubborn() throws {
        let daemon = try RunningDaemon(with: ["toolbox"], DaemonConfiguration(limits: ["drainSeconds": 0.1]))
        let peer = try daemon.connect()
        try peer.send("stubborn")
        #expect(daemon.waitForLine { $0.contains("stubborn begins") } != nil)
        let watch = PauselessStopwatch()
        let result = try daemon.stop()
        #expect(result.status == .exited(1))
        #expect(watch.seconds < 4, "\(watch.seconds) s")
        #expect(result.errorText.contains("dropped a call command=stubborn"))
        let text = "not destroyed: what was under way has not ended plugin="
        for plugin in ["echo", "toolbox"] { #expect(result.errorText.contains(" warning: \(text)\(plugin)\n")) }
        #expect(!FileManager.default.fileExists(atPath: daemon.folder.file("socket")))
    }

    @Test("A peer that does not take its replies does not keep the daemon from ending either, and the status is 1")
    func neverReads() throws {
        let daemon = try RunningDaemon(DaemonConfiguration(limits: ["drainSeconds": 0.1]))
        let peer = try daemon.connect()
        // More than the socket takes.
        try peer.send(recordBytes("echo", String(repeating: "x", count: 1_000_000)))
        #expect(try peer.hasSomethingToRead(within: 60))
        let result = try daemon.stop()
        #expect(result.status == .exited(1))
        let text = " warning: dropped connections whose replies were not sent connections=1\n"
        #expect(result.errorText.contains(text), "\(result.errorText)")
        #expect(result.errorText.contains("not destroyed: what was under way has not ended plugin=echo"))
    }
}
