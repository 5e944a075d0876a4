import FastDaemonHost
import FastDaemonIO
import FastDaemonSystem
import Foundation
import TestSupport
import Testing

@testable import FastDaemonServer

@Suite("The connections of a loop", .timeLimit(.minutes(1))) struct RecordServiceTests {
    private let folder: DaemonFolder
    private let loop: EventLoop
    private let service: RecordService
    private let listener: OpenListener

    /// A loop that serves `echo` as a command that goes on.
    init() throws {
        let plugin = #"{ "library": "libEcho.so", "execution": "concurrent" }"#
        folder = try DaemonFolder(libraries: ["Echo"]).with(DaemonConfiguration(plugins: [plugin], level: "error"))
        let configuration = try Configuration(readingFrom: folder.configuration)
        let loops = try EventLoopGroup(count: 1)
        let log = Log(configuration.log)
        let host = try PluginHost(configuration.limits, log: log, loop: loops.loops[0], loopCount: 1)
        let draft = GenerationDraft(configuration, host: host)
        try #require(draft.problems == [])
        let core = ServerCore(draft.finished(), host, log: log, loopCount: 1)
        loop = loops.loops[0]
        service = RecordService(core, loop: loop, index: 0)
        service.begin()
        let listeners = ListenerSet(loops: loops, service: Service())
        _ = listeners.apply(listeners.plan(configuration), configuration.limits)
        listener = try #require(listeners.all.first)
    }

    @Test("One that is on its way to the loop when the last has come is served to its end")
    func last() async throws {
        let (ours, theirs) = try pair()
        let peer = RawPeer(owning: ours)
        try peer.send("echo hi")
        let connection = Connection(adopting: Descriptor(owning: theirs), on: loop)
        let (loop, service, listener) = (loop, service, listener)
        let serving = Task(executorPreference: loop) { await service.serveWaiting() }
        let end = Task(executorPreference: loop) {
            // While the loop is here, another thread gives it a connection; and that was the last.
            BackgroundThread { service.take(connection, of: listener) }.join()
            await service.takeNoMore()
        }
        await end.value
        #expect(try peer.receiveReply() == Reply("hi\n"))
        peer.hangUp()
        await serving.value
        #expect(service.core.connections.load(ordering: .relaxed) == 0)
        // They hold each other.
        await loop.visit { loop.beforeWaiting = nil }
        loop.stop()
    }

    /// Ends the wait of another connection when something comes for its own.
    private final class Interrupter: ReadServer {
        let own, other: Connection

        init(_ own: Connection, other: Connection) {
            (self.own, self.other) = (own, other)
        }

        override func serve() {
            other.interrupt()
            own.close()
        }
    }

    @Test("What came for one is answered also where its wait is interrupted before it is served")
    func interrupted() async throws {
        let (pair, otherPair) = (try pair(), try pair())
        let (peer, interruptingPeer) = (RawPeer(owning: pair.0), RawPeer(owning: otherPair.0))
        let connection = Connection(adopting: Descriptor(owning: pair.1), on: loop)
        let interrupting = Connection(adopting: Descriptor(owning: otherPair.1), on: loop)
        let (loop, service, listener) = (loop, service, listener)
        let serving = Task(executorPreference: loop) { await service.serveWaiting() }
        await loop.visit {
            service.take(connection, of: listener)
            #expect((try? interrupting.receiveNow(into: loop.scratch)) == .some(nil))
            let server = Interrupter(interrupting, other: connection)
            #expect(interrupting.waitUntilReadable(deadline: 0, for: server))
            // Both are there in the next round, this one first.
            do {
                try interruptingPeer.send([0])
                try peer.send("echo hi")
            } catch {
                Issue.record("\(error)")
            }
        }
        #expect(try peer.receiveReply() == Reply("hi\n"))
        peer.hangUp()
        await service.takeNoMore()
        await serving.value
        loop.stop()
    }

    /// A peer's end, and one for the loop.
    private func pair() throws -> (Int32, Int32) {
        let ends = try socketPair()
        try #require(fcntl(ends.1, F_SETFL, O_NONBLOCK) == 0)
        return ends
    }
}
