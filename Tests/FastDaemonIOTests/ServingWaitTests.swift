import CLinux
import FastDaemonSystem
import Glibc
import Testing

@testable import FastDaemonIO

@Suite("A wait that serves what comes", .timeLimit(.minutes(1))) struct ServingWaitTests {
    private let loop: EventLoop
    private let connection: Connection
    private let peer: PeerEnd

    private final class Server: ReadServer {
        let body: () -> UInt64?
        init(_ body: @escaping () -> UInt64?) { self.body = body }
        func serve() -> UInt64? { body() }
    }

    private final class PeerEnd: Sendable {
        let number: Int32
        init(_ number: Int32) { self.number = number }
        deinit { close(number) }
    }

    init() throws {
        loop = try EventLoop()
        var ends: [Int32] = [-1, -1]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0, &ends) == 0)
        connection = Connection(Descriptor(owning: ends[0]), on: loop)
        peer = PeerEnd(ends[1])
    }

    /// Receives what is there: nil where nothing is.
    private static func receive(_ connection: Connection) -> Int? {
        try? connection.receiveNow(into: connection.loop.scratch)
    }

    @Test("goes on for as long as there is a next one, and the task that waits is resumed once")
    func serves() async throws {
        let (connection, loop, number) = (connection, loop, peer.number)
        let pieces = try await withTaskExecutorPreference(loop) { () async throws(ConnectionError) -> [Int] in
            var pieces: [Int] = []
            #expect(Self.receive(connection) == nil)
            clinux_send(number, "a", 1)
            let isReady = try await connection.waitUntilReadable(
                deadline: 0,
                servedBy: Server {
                    #expect(loop.isCurrent)
                    while let count = Self.receive(connection) { pieces.append(count) }
                    if pieces.count == 3 { return nil }
                    clinux_send(number, "abc", pieces.count + 1)
                    return 0
                })
            #expect(isReady)
            return pieces
        }
        #expect(pieces == [1, 2, 3])
    }

    @Test("keeps to the deadline of the last one that was served")
    func deadline() async throws {
        let (connection, loop, number) = (connection, loop, peer.number)
        let served = await withTaskExecutorPreference(loop) { () async -> Int in
            var served = 0
            #expect(Self.receive(connection) == nil)
            clinux_send(number, "a", 1)
            do throws(ConnectionError) {
                _ = try await connection.waitUntilReadable(
                    deadline: 0,
                    servedBy: Server {
                        while Self.receive(connection) != nil {}
                        served += 1
                        return loop.now + 1_000_000
                    })
                Issue.record("nothing more came, and yet it ended")
            } catch {
                #expect(error == .timedOut)
            }
            return served
        }
        #expect(served == 1)
    }

    @Test("ends where the loop ends reading")
    func interrupted() async throws {
        let (connection, loop) = (connection, loop)
        let isReady = try await withTaskExecutorPreference(loop) { () async throws(ConnectionError) -> Bool in
            #expect(Self.receive(connection) == nil)
            loop.post { loop.endReading() }
            return try await connection.waitUntilReadable(
                deadline: 0,
                servedBy: Server {
                    Issue.record("nothing came")
                    return 0
                })
        }
        #expect(!isReady)
    }
}
