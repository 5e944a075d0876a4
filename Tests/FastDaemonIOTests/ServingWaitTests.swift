import CLinux
import FastDaemonSystem
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import FastDaemonIO

@Suite("A wait without a task", .timeLimit(.minutes(1))) struct ServingWaitTests {
    private let loop: EventLoop
    private let connection: Connection
    private let peer: PeerEnd

    /// Tells of what it is told.
    private final class Server: ReadServer {
        let onServe: (Server) -> Void
        let onEnd: () -> Void

        init(_ onServe: @escaping (Server) -> Void, onEnd: @escaping () -> Void) {
            (self.onServe, self.onEnd) = (onServe, onEnd)
        }

        override func serve() { onServe(self) }
        override func endWait() { onEnd() }
    }

    private final class PeerEnd: Sendable {
        let number: Int32
        init(_ number: Int32) { self.number = number }
        deinit { close(number) }
    }

    init() throws {
        loop = try EventLoop()
        (connection, peer) = try Self.pair(on: loop)
    }

    private static func pair(on loop: EventLoop) throws -> (Connection, PeerEnd) {
        let (number, peer) = try socketPair(isNonBlocking: true)
        return (Connection(Descriptor(owning: number), on: loop), PeerEnd(peer))
    }

    /// Receives what is there: nil where nothing is.
    private static func receive(_ connection: Connection) -> Int? {
        try? connection.receiveNow(into: connection.loop.scratch)
    }

    /// Has a server wait on the loop, after all that was there was received, and returns when `onEnd` is called.
    private func wait(
        afterwards: @escaping @Sendable () -> Void,
        serving: @escaping @Sendable (Server, _ end: @escaping () -> Void) -> Void
    ) async {
        let connection = connection
        await withUnsafeContinuation { (ended: UnsafeContinuation<Void, Never>) in
            loop.execute {
                #expect(Self.receive(connection) == nil)
                let server = Server({ serving($0) { ended.resume() } }, onEnd: { ended.resume() })
                #expect(connection.waitUntilReadable(deadline: 0, for: server))
                afterwards()
            }
        }
    }

    @Test("serves what comes for as long as it waits again")
    func serves() async {
        let (connection, loop, number) = (connection, loop, peer.number)
        let pieces = Mutex<[Int]>([])
        await wait(
            afterwards: { clinux_send(number, "a", 1) },
            serving: { server, end in
                #expect(loop.isCurrent)
                while let count = Self.receive(connection) { pieces.withLock { $0.append(count) } }
                let count = pieces.withLock { $0.count }
                if count == 3 { return end() }
                #expect(connection.waitUntilReadable(deadline: 0, for: server))
                clinux_send(number, "abc", count + 1)
            })
        #expect(pieces.withLock { $0 } == [1, 2, 3])
    }

    @Test("keeps to the deadline of the last wait")
    func deadline() async {
        let (connection, loop, number) = (connection, loop, peer.number)
        let served = Mutex(0)
        // The first wait has no deadline, so the second's is what ends this.
        await wait(
            afterwards: { clinux_send(number, "a", 1) },
            serving: { server, _ in
                while Self.receive(connection) != nil {}
                served.withLock { $0 += 1 }
                #expect(connection.waitUntilReadable(deadline: loop.now + 1_000_000, for: server))
            })
        #expect(served.withLock { $0 } == 1)
    }

    /// Receives ahead, or not, and notes the order of what happens.
    private final class EagerServer: ReadServer {
        static let events = Mutex<[String]>([])
        let name: String
        let connection: Connection
        let onServe: () -> Void

        init(_ name: String, _ connection: Connection, onServe: @escaping () -> Void) {
            (self.name, self.connection, self.onServe) = (name, connection, onServe)
        }

        private func note(_ text: String) { Self.events.withLock { $0.append("\(name) \(text)") } }

        override func receiveAhead(into room: UnsafeMutableRawBufferPointer) {
            note("ahead \((try? connection.receiveNow(into: room)) ?? -1)")
        }

        override func serve() {
            note("serves, \(ServingWaitTests.receive(connection) ?? -1)")
            onServe()
        }
    }

    @Test("has all servers that something came for in one round receive it before the first serves")
    func ahead() async throws {
        let (second, other) = try Self.pair(on: loop)
        let (connection, loop, number) = (connection, loop, peer.number)
        await withUnsafeContinuation { (ended: UnsafeContinuation<Void, Never>) in
            loop.execute {
                for (name, connection, isLast) in [("first", connection, false), ("second", second, true)] {
                    #expect(Self.receive(connection) == nil)
                    let server = EagerServer(name, connection) { if isLast { ended.resume() } }
                    #expect(connection.waitUntilReadable(deadline: 0, for: server))
                }
                // The one has something to say, the other as well, and no more.
                clinux_send(number, "a", 1)
                clinux_send(other.number, "ab", 2)
                shutdown(other.number, Int32(SHUT_WR))
            }
        }
        // What is at an end is found to be, although less came than there was room for.
        let expected = ["first ahead 1", "second ahead 2", "first serves, -1", "second serves, 0"]
        #expect(EagerServer.events.withLock { $0 } == expected)
        withExtendedLifetime(other) {}
    }

    @Test("ends where the loop ends reading, and does not begin again")
    func interrupted() async {
        let (connection, loop) = (connection, loop)
        await wait(
            afterwards: { loop.post { loop.endReading() } }, serving: { _, _ in Issue.record("nothing came") })
        await loop.visit {
            let server = Server({ _ in Issue.record("nothing came") }, onEnd: { Issue.record("there was no wait") })
            #expect(!connection.waitUntilReadable(deadline: 0, for: server))
        }
    }

    @Test("What came before its loop ended reading is received, told of or not, and then the end")
    func lastReceive() async throws {
        let (connection, loop, number) = (connection, loop, peer.number)
        await wait(
            afterwards: {
                clinux_send(number, "a", 1)
                loop.endReading()
            }, serving: { _, _ in Issue.record("the end came first") })
        #expect(await loop.first(of: connection) == 1)
        #expect(await loop.first(of: connection) == 0)
    }

    @Test("Likewise for a task that waits, and for a connection on which nobody has waited yet")
    func lastReceiveOfTask() async throws {
        let (second, other) = try Self.pair(on: loop)
        let (connection, loop, number) = (connection, loop, peer.number)
        let waiting = Task(executorPreference: loop) { await loop.first(of: connection) }
        // The task is taken over in the first round, and waits in the second.
        for _ in 0..<2 { await loop.visit() }
        await loop.visit {
            #expect(Self.receive(second) == nil)
            clinux_send(number, "a", 1)
            clinux_send(other.number, "ab", 2)
            loop.endReading()
        }
        #expect(await waiting.value == 1)
        #expect(await loop.first(of: second) == 2)
        withExtendedLifetime(other) {}
    }

    @Test("ends where it is woken, without serving")
    func woken() async {
        let connection = connection
        await wait(
            afterwards: { connection.wakeReader() }, serving: { _, _ in Issue.record("nothing came") })
    }

    @Test("does not begin where something is there")
    func ready() async {
        let connection = connection
        await loop.visit {
            let server = Server({ _ in Issue.record("it did not wait") }, onEnd: { Issue.record("it did not wait") })
            #expect(!connection.waitUntilReadable(deadline: 0, for: server))
        }
    }

    @Test("a server that lets the others go first has its turn after them, without an event")
    func turns() async {
        let (connection, loop) = (connection, loop)
        let order = Mutex<[String]>([])
        await withUnsafeContinuation { (ended: UnsafeContinuation<Void, Never>) in
            loop.execute {
                let server = Server(
                    { _ in
                        order.withLock { $0.append("server") }
                        ended.resume()
                    }, onEnd: { Issue.record("nobody ended it") })
                #expect(connection.waitForTurn(server))
                loop.post { order.withLock { $0.append("other") } }
            }
        }
        #expect(order.withLock { $0 } == ["other", "server"])
    }

    @Test("a server that lets the others go first has one turn a round, whatever comes meanwhile")
    func oneTurn() async {
        let (connection, loop, number) = (connection, loop, peer.number)
        let turns = Mutex((inRound: 0, most: 0, all: 0))
        await loop.visit {
            loop.beforeWaiting = { turns.withLock { $0.inRound = 0 } }
        }
        await wait(
            afterwards: { clinux_send(number, "a", 1) },
            serving: { server, end in
                while Self.receive(connection) != nil {}
                let all = turns.withLock { turns in
                    turns.inRound += 1
                    turns.most = max(turns.most, turns.inRound)
                    turns.all += 1
                    return turns.all
                }
                if all == 20 { return end() }
                // An event for the next round.
                clinux_send(number, "a", 1)
                #expect(connection.waitForTurn(server))
            })
        #expect(turns.withLock { $0.most } == 1)
    }

    @Test("a turn is not waited for where the loop ends reading")
    func noTurn() async {
        let (connection, loop) = (connection, loop)
        await withUnsafeContinuation { (ended: UnsafeContinuation<Void, Never>) in
            loop.execute {
                let server = Server({ _ in Issue.record("it was ended first") }, onEnd: { ended.resume() })
                #expect(connection.waitForTurn(server))
                connection.interrupt()
                #expect(!connection.waitForTurn(server))
            }
        }
    }

    @Test("a server may close the connection, also where the peer hung up")
    func closes() async {
        let (connection, number) = (connection, peer.number)
        await wait(
            afterwards: { shutdown(number, Int32(SHUT_RDWR)) },
            serving: { _, end in
                #expect(Self.receive(connection) == 0)
                connection.close()
                end()
            })
    }
}

extension EventLoop {
    /// Receives once, waiting for it; -1 where that fails.
    fileprivate func first(of connection: Connection) async -> Int {
        (try? await connection.receive(into: scratch)) ?? -1
    }
}
