import FastDaemonSystem
import Synchronization

/// Listens on `address`, and gives a server whose `connections` are to be iterated over.
///
/// ```swift
/// let server = try startServer(on: .ip("127.0.0.1:7777"))
/// for await connection in server.connections { print(connection.peerAddress) }
/// ```
///
/// - Parameter loops: where the connections live; each is given to a loop that has few.
public func startServer(
    on address: SocketAddress, loops: EventLoopGroup = .shared, backlog: Int32 = Listener.defaultBacklog,
    mode: UInt32 = 0o600
) throws(IOError) -> Server {
    Server(try Listener.stream(on: address, backlog: backlog, mode: mode), loops: loops)
}

/// A listener and the loops on which its connections live.
public final class Server: Sendable {
    /// What it listens on.
    public let listener: Listener

    private let loops: EventLoopGroup
    private let acceptors = Mutex<[Acceptor]?>([])

    /// How many acceptors have not accepted all that waits, where the server is to end, and one more until it has.
    private let draining = Atomic(0)

    /// Serves a listener that is there already.
    public init(_ listener: Listener, loops: EventLoopGroup) {
        self.listener = listener
        self.loops = loops
    }

    deinit {
        close()
    }

    /// Whether connections that wait are still being accepted, as the last ones.
    public var isDraining: Bool { draining.load(ordering: .acquiring) > 0 }

    /// Where it listens.
    public var address: SocketAddress { listener.address }

    /// The connections, as they come, until `close()`.
    public var connections: Connections { connections(on: loops.first) }

    /// The connections that one loop accepts. Where several loops ask, each connection comes to one of them.
    ///
    /// - Parameter onFailure: told of each failure to accept that is not the peer's, on the loop; the server goes on, after a pause
    ///   that grows with the failures.
    public func connections(
        on loop: EventLoop, onFailure: @escaping @Sendable (IOError) -> Void = { _ in }
    ) -> Connections {
        let acceptor = Acceptor(listener: listener, loop: loop, loops: loops, onFailure: onFailure)
        let isOpen = acceptors.withLock { acceptors in
            acceptors?.append(acceptor)
            return acceptors != nil
        }
        if !isOpen { acceptor.close() }
        return Connections(server: self, acceptor: acceptor)
    }

    /// Stops listening: each sequence of connections ends, and whoever connects is refused. Connections that were accepted
    /// live on.
    public func close() {
        let open = acceptors.withLock { acceptors in
            defer { acceptors = nil }
            return acceptors ?? []
        }
        listener.close()
        for acceptor in open { acceptor.close() }
    }

    /// Stops listening when the connections that wait already were accepted: a Unix socket's file goes at once, so that nobody
    /// else finds it, and each sequence of connections ends when there is nothing more to accept.
    ///
    /// This is also the way to leave a shared socket to the process that has it, too: which of the two the kernel wakes for a
    /// connection is not for us to choose, so none that came before this one left may be passed over.
    public func drain() {
        let open = acceptors.withLock { acceptors in
            defer { acceptors = nil }
            return acceptors ?? []
        }
        // A Unix socket that is shut down keeps its queue, and one of TCP does not.
        if address.isUnix || open.isEmpty { listener.close() }
        if open.isEmpty { return }
        draining.add(open.count + 1, ordering: .relaxed)
        for acceptor in open {
            acceptor.drain {
                guard self.draining.subtract(1, ordering: .acquiringAndReleasing).newValue == 1 else { return }
                self.listener.close()
                self.draining.store(0, ordering: .releasing)
            }
        }
    }
}

/// The connections of a server, as they come. It ends when the server is closed, or the task is cancelled.
public struct Connections: AsyncSequence, Sendable {
    /// A server that nobody holds any more closes; one whose connections are asked for is held.
    fileprivate let server: Server
    fileprivate let acceptor: Acceptor

    /// An iterator over what comes from now on.
    public func makeAsyncIterator() -> Iterator {
        Iterator(server: server, acceptor: acceptor)
    }

    /// Has `body` take each connection, on the loop that accepts them. This costs less than an iteration where connections are short:
    /// those that wait together are taken together.
    public func takeEach(_ body: @Sendable (Connection) -> Void) async {
        await acceptor.takeEach(body)
        withExtendedLifetime(server) {}
    }

    /// Accepts one connection at a time.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let server: Server
        fileprivate let acceptor: Acceptor

        /// The next connection; nil once the server is closed.
        public mutating func next() async -> Connection? {
            await acceptor.next()
        }
    }
}
