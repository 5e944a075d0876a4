import CLinux
import FastDaemonSystem
import Glibc

/// One loop's part in accepting a listener's connections.
///
/// `@unchecked Sendable`: what changes is touched on the loop's thread alone.
final class Acceptor: @unchecked Sendable {
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

    func takeEach(_ body: @Sendable (Connection) -> Void) async {
        if Task.isCancelled { close() }
        if loop.isCurrent { return await takeEachOnLoop(body) }
        await withTaskExecutorPreference(loop) { await self.takeEachOnLoop(body) }
    }

    /// Looked at each time round: for a task that is cancelled no pause is one, and the loop would have no time for anything else.
    private var hasEnded: Bool {
        if Task.isCancelled { close() }
        return isClosed
    }

    private func nextOnLoop() async -> Connection? {
        while !hasEnded {
            do throws(Obstacle) { return try acceptNext() } catch { await overcome(error) }
        }
        return nil
    }

    private func takeEachOnLoop(_ body: (Connection) -> Void) async {
        var accepted: [Connection] = []
        while !hasEnded {
            do throws(Obstacle) {
                // The same system call again and again costs less than in turn with others.
                while true { accepted.append(try acceptNext()) }
            } catch {
                for connection in accepted { body(connection) }
                accepted.removeAll(keepingCapacity: true)
                await overcome(error)
            }
        }
    }

    /// Why no connection is accepted at this moment.
    private enum Obstacle: Error {
        case noDescriptor
        case othersTurn
        case failed(Int32, Registration)
    }

    private func acceptNext() throws(Obstacle) -> Connection {
        guard let registration = registrationIfPossible() else { throw .noDescriptor }
        if acceptedInTurn == Self.mostInTurn { throw .othersTurn }
        var number: Int32 = 0
        let peer = SocketAddress { number = clinux_accept(registration.number, $0, $1) }
        if number < 0 { throw .failed(-number, registration) }
        failures = 0
        acceptedInTurn += 1
        return Connection(Descriptor(owning: number), from: peer, on: loops.loop(preferring: loop))
    }

    private func overcome(_ obstacle: Obstacle) async {
        switch obstacle {
        case .noDescriptor:
            // Without a descriptor to duplicate there is nothing to wait on but time.
            await loop.sleep(nanoseconds: Self.longestPause)
        case .othersTurn:
            // Where connections never stop coming, those that are there are served all the same.
            acceptedInTurn = 0
            await loop.sleep(nanoseconds: 0)
        case .failed(let code, let registration): await recover(from: code, registration)
        }
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
