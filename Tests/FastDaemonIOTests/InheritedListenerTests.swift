import CLinux
import FastDaemonSystem
import Foundation
import TestSupport
import Testing

@testable import FastDaemonIO

@Suite("A listener that was inherited", .timeLimit(.minutes(1))) struct InheritedListenerTests {
    /// A descriptor as a child gets it: blocking, and not close-on-exec.
    private func copy(_ listener: Listener) -> Int32 {
        let number = dup(listener.numbers.socket)
        _ = fcntl(number, F_SETFL, fcntl(number, F_GETFL) & ~O_NONBLOCK)
        return number
    }

    @Test("is made non-blocking and close-on-exec, and knows its address and kind")
    func adoption() throws {
        let folder = try TemporaryFolder()
        let originals = [
            try Listener.stream(on: .unix(folder.file("s"))), try Listener.datagram(on: .unix(folder.file("d"))),
            try Listener.stream(on: .ip("127.0.0.1:0")), try Listener.datagram(on: .ip("[::1]:0")),
        ]
        for original in originals {
            let number = copy(original)
            let adopted = try Listener(adopting: number)
            #expect(adopted.address.isSame(as: original.address))
            #expect(adopted.isDatagram == original.isDatagram)
            #expect(adopted.isShared)
            #expect(fcntl(number, F_GETFD) & FD_CLOEXEC != 0)
            #expect(fcntl(number, F_GETFL) & O_NONBLOCK != 0)
        }
    }

    @Test("leaves socket and file alone when it closes, unless it was taken over")
    func closing() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("s")
        let original = try Listener.stream(on: .unix(path))
        do {
            let adopted = try Listener(adopting: copy(original))
            adopted.close()
        }
        do { _ = Peer(path: path) }
        let heir = try Listener(adopting: copy(original))
        original.share()
        heir.takeOver()
        original.close()
        do { _ = Peer(path: path) }
        heir.close()
        #expect(access(path, F_OK) != 0)
    }

    @Test("is refused where it is no socket, or none that can be listened on")
    func refused() throws {
        func reason(_ number: Int32) -> String? {
            #expect(throws: IOError.self) { try Listener(adopting: number) }?.reason
        }
        #expect(reason(open("/dev/null", O_RDWR)) == "it is not a socket")
        let ends = try socketPair()
        #expect(reason(ends.0)?.contains("Accept=no") == true)
        #expect(reason(ends.1)?.contains("Accept=no") == true)
        #expect(
            reason(socket(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue), 0))?.contains("neither connections nor datagrams")
                == true)
        #expect(
            reason(socket(AF_NETLINK, Int32(SOCK_DGRAM.rawValue), 0))?.contains("neither a Unix nor an IP socket")
                == true)
    }

    /// Serves a listener until its end, and counts what it accepted.
    private func serve(_ server: Server) async -> Int {
        var count = 0
        for await connection in server.connections {
            count += 1
            do { try await connection.write([UInt8(ascii: "x")]) } catch { Issue.record("\(error)") }
        }
        return count
    }

    @Test("that is drained passes over nobody whom the kernel told it of, and leaves the rest to the other")
    func draining() async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("s")
        let old = Server(try .stream(on: .unix(path)), loops: try EventLoopGroup(count: 2))
        let heir = Server(try Listener(adopting: copy(old.listener)), loops: try EventLoopGroup(count: 2))
        async let oldCount = serve(old)
        async let newCount = serve(heir)
        var peers: [Peer] = []
        for _ in 0..<200 { peers.append(Peer(path: path)) }
        old.listener.share()
        old.drain()
        // It ends when nothing waits any more; from then on all are the heir's.
        let accepted = await oldCount
        for _ in 0..<200 { peers.append(Peer(path: path)) }
        for peer in peers { #expect(await peer.receive(1) == "x") }
        heir.listener.takeOver()
        heir.close()
        let counts = [accepted, await newCount]
        #expect(counts[0] + counts[1] == 400)
        #expect(counts[1] >= 200, "\(counts)")
    }

    @Test("Addresses are the same where they lead to the same socket")
    func addresses() throws {
        let folder = try TemporaryFolder()
        _ = symlink(folder.path, folder.file("link"))
        let listener = try Listener.stream(on: .unix(folder.file("s")))
        #expect(listener.address.isSame(as: try .unix(folder.file("link/s"))))
        #expect(!listener.address.isSame(as: try .unix(folder.file("t"))))
        #expect(try SocketAddress.ip("127.0.0.1:0").isRequest(for: .ip("127.0.0.1:80")))
        #expect(try SocketAddress.ip("[::1]:0").isRequest(for: .ip("[::1]:80")))
        #expect(try !SocketAddress.ip("127.0.0.1:0").isRequest(for: .ip("127.0.0.2:80")))
        #expect(try !SocketAddress.ip("127.0.0.1:81").isRequest(for: .ip("127.0.0.1:80")))
        #expect(try !SocketAddress.ip("127.0.0.1:0").isRequest(for: .ip("[::1]:80")))
        #expect(SocketAddress.nameless.isNameless)
        #expect(!listener.address.isNameless)
    }
}
