import CLinux
import FastDaemonSystem
import Glibc
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

    /// How many acceptors have not accepted all that waits, where the server is to end.
    private let draining = Atomic(0)

    /// Serves a listener that is there already.
    public init(_ listener: Listener, loops: EventLoopGroup) {
        self.listener = listener
        self.loops = loops
    }

    deinit {
        close()
    }

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
        draining.add(open.count, ordering: .relaxed)
        for acceptor in open {
            acceptor.drain {
                if self.draining.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { self.listener.close() }
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

/// One loop's part in accepting a listener's connections.
///
/// `@unchecked Sendable`: what changes is touched on the loop's thread alone.
private final class Acceptor: @unchecked Sendable {
    private let listener: Listener
    private let loop: EventLoop
    private let loops: EventLoopGroup
    private let onFailure: @Sendable (IOError) -> Void
    private var registration: Registration?
    private var isClosed = false
    private var failures = 0

    /// How many connections were accepted since this last waited, and how many may be before others have their turn.
    private var acceptedInTurn = 0
    private static let mostInTurn = 64

    /// Told when nothing more waits to be accepted; from then on this is closed.
    private var onDrained: (() -> Void)?

    init(
        listener: Listener, loop: EventLoop, loops: EventLoopGroup, onFailure: @escaping @Sendable (IOError) -> Void
    ) {
        self.listener = listener
        self.loop = loop
        self.loops = loops
        self.onFailure = onFailure
    }

    func close() {
        loop.execute {
            self.isClosed = true
            self.registration?.interrupt()
            self.registration?.close()
            self.registration = nil
            self.onDrained.take()?()
        }
    }

    /// Closes when nothing more waits to be accepted.
    func drain(_ onDrained: @escaping @Sendable () -> Void) {
        loop.execute {
            if self.isClosed { return onDrained() }
            self.onDrained = onDrained
            guard let registration = self.registration else { return self.close() }
            // What comes from now on, to a socket that is another process's, too, is to wake that one.
            registration.stopWatching()
            registration.wakeReader()
        }
    }

    func next() async -> Connection? {
        if Task.isCancelled { close() }
        if loop.isCurrent { return await nextOnLoop() }
        return await withTaskExecutorPreference(loop) { await self.nextOnLoop() }
    }

    private func nextOnLoop() async -> Connection? {
        while !isClosed {
            guard let registration = registrationIfPossible() else {
                // Without a descriptor to duplicate there is nothing to wait on but time.
                await loop.sleep(nanoseconds: Self.longestPause)
                continue
            }
            if acceptedInTurn == Self.mostInTurn {
                // Where connections never stop coming, those that are there are served all the same.
                acceptedInTurn = 0
                await loop.sleep(nanoseconds: 0)
                continue
            }
            var number: Int32 = 0
            let peer = SocketAddress { number = clinux_accept(registration.number, $0, $1) }
            if number >= 0 {
                failures = 0
                acceptedInTurn += 1
                return Connection(Descriptor(owning: number), from: peer, on: loops.loop(preferring: loop))
            }
            await recover(from: -number, registration)
        }
        return nil
    }

    private func registrationIfPossible() -> Registration? {
        if registration == nil {
            let copy = clinux_duplicate(listener.descriptor.number)
            if copy >= 0 {
                registration = Registration(Descriptor(owning: copy), as: .source(isShared: loops.count > 1), on: loop)
            } else {
                onFailure(IOError("accept on", listener.address.description, code: -copy))
            }
        }
        return registration
    }

    private static let longestPause: UInt64 = 500_000_000

    /// Waits for what comes next after accept(2) failed. None of its failures ends the server.
    private func recover(from code: Int32, _ registration: Registration) async {
        switch code {
        case EAGAIN:
            registration.clearReadable()
            acceptedInTurn = 0
            if onDrained != nil { return close() }
            _ = await withTaskCancellationHandler {
                await registration.waitUntilReadable(deadline: 0)
            } onCancel: {
                close()
            }
        case ECONNABORTED, EPROTO, EPERM, ENETDOWN, ENETUNREACH, EHOSTDOWN, EHOSTUNREACH, ENONET, ENOPROTOOPT,
            EOPNOTSUPP:
            break  // This one connection failed before it was accepted (accept(2)); the next may be fine.
        case EINVAL:
            close()  // It does not listen any more.
        default:
            // Descriptors or memory are used up (EMFILE, ENFILE, ENOBUFS, ENOMEM): the connections wait in the queue until
            // some come free.
            onFailure(IOError("accept on", listener.address.description, code: code))
            failures = min(failures + 1, 6)
            await loop.sleep(nanoseconds: min(Self.longestPause, 8_000_000 << UInt64(failures)))
        }
    }
}
