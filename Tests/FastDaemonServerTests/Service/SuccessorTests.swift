import FastDaemonIO
import Foundation
import TestSupport
import Testing

@testable import FastDaemonServer

@Suite("A process that is to take this one's place", .timeLimit(.minutes(1))) struct SuccessorTests {
    /// Starts a script, and tells what came of it within a second.
    private func outcome(of script: String) throws -> (Successor.Outcome, process: Int32) {
        let loop = try EventLoop(name: "loop")
        let successor = try Successor.start("/bin/sh", ["sh", "-c", script], environment: [], sockets: [], on: loop)
        return (loop.run { await successor.waitUntilReady(seconds: 1) }, successor.process)
    }

    @Test(
        "One that hangs is killed when its time is over, whatever it ignores, and its end is waited for",
        arguments: ["exec sleep 600", "trap '' TERM INT; while :; do :; done"])
    func hanging(script: String) throws {
        let watch = PauselessStopwatch()
        let (outcome, process) = try outcome(of: script)
        guard case .failed(let reason) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(reason == "it was not ready after 1 s, and was killed")
        #expect(watch.seconds < 10)
        #expect(kill(process, 0) != 0 && errno == ESRCH)
    }

    @Test("One that ends is not waited for any longer, and how it ended is told")
    func ending() throws {
        let (outcome, _) = try outcome(of: "exit 7")
        guard case .failed(let reason) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(reason == "it ended with status 7")
    }

    @Test("One that ends is noticed also where a process that it started holds its channel")
    func endingAlone() throws {
        let folder = try TemporaryFolder()
        let (outcome, _) = try outcome(of: "sleep 600 & echo $! >'\(folder.file("process"))'; exit 7")
        let left = try String(contentsOfFile: folder.file("process"), encoding: .utf8)
        kill(try #require(pid_t(left.dropLast())), SIGKILL)
        guard case .failed(let reason) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(reason == "it ended with status 7")
    }
}
