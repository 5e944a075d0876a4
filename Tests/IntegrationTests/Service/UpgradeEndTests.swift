import Foundation
import Synchronization
import TestSupport
import Testing

@Suite("The end of connections after an upgrade", .ownThread, .timeLimit(.minutes(2))) struct UpgradeEndTests {
    /// A caller who asks one thing after the other over one connection, and connects anew when that has ended.
    private final class Caller: Sendable {
        struct Tally {
            var answered = 0

            /// How many connections ended before anything of an answer had come.
            var ends = 0
            var failures: [String] = []
        }

        private let tally = Mutex(Tally())

        func ask(_ line: String, for answer: String, of daemon: RunningDaemon, until stop: Flag) {
            var peer: RawPeer?
            while !stop.isSet {
                do {
                    let connected = try peer ?? daemon.connect()
                    peer = connected
                    if try ask(line, for: answer, over: connected) {
                        tally.withLock { $0.answered += 1 }
                    } else {
                        tally.withLock { $0.ends += 1 }
                        peer = nil
                    }
                } catch {
                    tally.withLock { $0.failures.append("\(error)") }
                    peer = nil
                }
            }
        }

        /// Returns false where the connection ended before anything of the answer had come.
        private func ask(_ line: String, for answer: String, over peer: RawPeer) throws -> Bool {
            var first: [UInt8] = []
            do {
                try peer.send(line)
                first = try peer.receive(1)
            } catch let failure as RawPeer.Failure where [EPIPE, ECONNRESET].contains(failure.code) {}
            if first.isEmpty { return false }
            let whole = recordBytes(answer)
            let all = try first + peer.receive(whole.count - 1)
            guard all == whole else { throw TestFailure("\(String(decoding: all, as: UTF8.self).debugDescription)") }
            return true
        }

        var result: Tally { tally.withLock { $0 } }
    }

    @Test("that are used all the time comes between an answer and the next request, which has not run")
    func busy() throws {
        let upgradable = try Upgradable(DaemonConfiguration(limits: ["drainSeconds": 2], level: "info"))
        let daemon = upgradable.daemon
        let stop = Flag()
        let callers = (0..<4).map { _ in Caller() }
        // They take so long that nearly always one is under way.
        let threads = callers.map { caller in
            BackgroundThread { caller.ask("wait 0.02", for: "waited 0.02\n", of: daemon, until: stop) }
        }
        try daemon.wait(until: "each was answered") { callers.allSatisfy { $0.result.answered > 0 } }
        let successor = try upgradable.upgrade()
        defer { kill(successor, SIGKILL) }
        #expect(daemon.waitForLine { $0.contains("notice: stopped") } != nil)
        let before = callers.map(\.result.answered)
        try daemon.wait(until: "each is answered by the new one") {
            zip(callers, before).allSatisfy { $0.result.answered > $1 + 1 }
        }
        stop.set()
        for thread in threads { thread.join() }
        #expect(callers.flatMap(\.result.failures) == [])
        #expect(callers.map(\.result.ends) == [1, 1, 1, 1])
        #expect(try upgradable.end(successor).status == .exited(0))
        let run = daemon.log.count { $0.contains("command=wait") }
        #expect(run == callers.reduce(0) { $0 + $1.result.answered }, "nothing ran that was not answered")
    }

    @Test("A new daemon that is killed while the old one finishes leaves its place to the next")
    func killedSuccessor() throws {
        let upgradable = try Upgradable()
        let daemon = upgradable.daemon
        let caller = try daemon.connect()
        try caller.send("wait 3")
        try daemon.waitForStatus("it runs") { $0["wait"]?.running == 1 }
        let successor = try upgradable.upgrade()
        let descriptors = "/proc/\(daemon.process)/fd"
        try daemon.wait(until: "the old one has let go of the socket's lock") {
            try FileManager.default.contentsOfDirectory(atPath: descriptors).allSatisfy {
                (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(descriptors)/\($0)"))?
                    .hasSuffix("/socket.lock") != true
            }
        }
        kill(successor, SIGKILL)
        try daemon.wait(until: "it is gone") { !isAlive(successor) }
        let next = try RunningDaemon(startingIn: upgradable.folder, program: upgradable.program)
        try next.waitUntilReady()
        #expect(try next.ask("echo on") == Reply("on\n"))
        #expect(daemon.isAlive, "the old one has not finished yet")
        #expect(try caller.receiveReply() == Reply("waited 3\n"))
        caller.hangUp()
        #expect(try daemon.wait().status == .exited(0))
        #expect(try next.ask("echo still") == Reply("still\n"))
        #expect(try next.stop().status == .exited(0))
    }
}
