import Glibc
import Synchronization
import Testing

@testable import FastDaemonIO

/// Echoes what each connection of a server sends, each in a task of its own, until the server is closed.
private func echo(_ server: Server) async {
    await withDiscardingTaskGroup { group in
        for await connection in server.connections {
            group.addTask(executorPreference: connection.loop) {
                do {
                    for try await piece in connection.bytes { try await connection.write(piece) }
                } catch {
                    Issue.record("\(error)")
                }
            }
        }
    }
}

@Suite(.timeLimit(.minutes(1))) struct ServerTests {
    @Test("A server on a Unix socket answers, and its file goes when it closes")
    func unix() async throws {
        let folder = ScratchFolder()
        let path = "\(folder.path)/s"
        do {
            let server = try startServer(on: .unix(path))
            async let served: Void = echo(server)
            do {
                let peer = Peer(path: path)
                peer.send("hello")
                #expect(await peer.receive(5) == "hello")
            }
            #expect(access(path, F_OK) == 0)
            server.close()
            await served
        }
        #expect(access(path, F_OK) == -1)
    }

    @Test("A server that drains accepts what waits already, and nothing after that")
    func draining() async throws {
        let folder = ScratchFolder()
        let path = "\(folder.path)/s"
        let server = try startServer(on: .unix(path))
        async let served: Void = echo(server)
        let first = Peer(path: path)
        first.send("hello")
        #expect(await first.receive(5) == "hello")
        let peers = (0..<50).map { _ in Peer(path: path) }
        server.drain()
        #expect(access(path, F_OK) == -1)
        for peer in peers { peer.send("hello") }
        for peer in peers { #expect(await peer.receive(5) == "hello") }
        for peer in peers + [first] { peer.finishSending() }
        await served
    }

    @Test("However many connections wait, others on the loop have their turn before all are accepted")
    func turns() async throws {
        let folder = ScratchFolder()
        let path = "\(folder.path)/s"
        let loop = try EventLoopGroup(count: 1)
        let server = try startServer(on: .unix(path), loops: loop)
        let peers = (0..<200).map { _ in Peer(path: path) }
        let accepted = Atomic(0)
        let seen = Atomic(0)
        await withTaskExecutorPreference(loop.first) {
            var connections = server.connections.makeAsyncIterator()
            for count in 1...200 {
                #expect(await connections.next() != nil)
                accepted.store(count, ordering: .relaxed)
                if count == 1 { loop.first.post { seen.store(accepted.load(ordering: .relaxed), ordering: .relaxed) } }
            }
        }
        #expect((1..<200).contains(seen.load(ordering: .relaxed)))
        server.close()
        loop.stop()
        _ = peers
    }

    @Test("A server listens on IPv4 and on IPv6", arguments: ["127.0.0.1:0", "[::1]:0"])
    func ip(address: String) async throws {
        let server = try startServer(on: .ip(address))
        async let served: Void = echo(server)
        do {
            let peer = Peer(port: server.address.port!, family: address.hasPrefix("[") ? AF_INET6 : AF_INET)
            peer.send("hello")
            #expect(await peer.receive(5) == "hello")
        }
        server.close()
        await served
    }

    @Test("Closing the server ends its sequence of connections")
    func closing() async throws {
        let server = try startServer(on: .ip("127.0.0.1:0"))
        let first = Peer(port: server.address.port!)
        let second = Peer(port: server.address.port!)
        var accepted = 0
        for await _ in server.connections {
            accepted += 1
            if accepted == 2 { server.close() }
        }
        #expect(accepted == 2)
        #expect(await first.receive(1) == "")
        #expect(await second.receive(1) == "")
    }

    @Test("A task that is cancelled accepts no more, however many wait")
    func cancelledWhileManyWait() async throws {
        let folder = ScratchFolder()
        let path = "\(folder.path)/s"
        let loop = try EventLoopGroup(count: 1)
        let server = try startServer(on: .unix(path), loops: loop)
        let peers = (0..<200).map { _ in Peer(path: path) }
        let accepted = Atomic(0)
        await withTaskExecutorPreference(loop.first) {
            let connections = server.connections(on: loop.first) { _ in }
            await connections.takeEach { _ in
                withUnsafeCurrentTask { $0?.cancel() }
                accepted.add(1, ordering: .relaxed)
            }
        }
        #expect(accepted.load(ordering: .relaxed) < 200)
        server.close()
        loop.stop()
        _ = peers
    }

    @Test("A task that is cancelled finds the end of the connections")
    func cancelling() async throws {
        let server = try startServer(on: .ip("127.0.0.1:0"))
        let task = Task {
            var count = 0
            for await _ in server.connections { count += 1 }
            return count
        }
        task.cancel()
        #expect(await task.value == 0)
    }
}
