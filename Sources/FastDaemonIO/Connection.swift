import CLinux
import FastDaemonSystem
import Glibc
import Synchronization

/// A connected stream socket, Unix or TCP. It closes when nobody holds it any more, or at `close()`.
///
/// Its calls run on its loop, and hop there where they are made elsewhere. One task may read while another writes; two that
/// read, or two that write, are a programming error.
///
/// `@unchecked Sendable`: all that changes is touched on the loop's thread alone.
public final class Connection: @unchecked Sendable {
    /// The loop that this connection lives on. Tasks that serve it do best to prefer it.
    public let loop: EventLoop

    /// Where the peer is. A Unix peer has no address; see `credentials()`.
    public var peerAddress: SocketAddress { namedPeer?.address ?? .nameless }

    /// Apart from the connection: an address takes more room than all the rest of it, and most peers have none.
    private let namedPeer: NamedPeer?

    private final class NamedPeer: Sendable {
        let address: SocketAddress

        init(_ address: SocketAddress) {
            self.address = address
        }
    }

    private let registration: Registration

    init(_ descriptor: consuming Descriptor, from peer: SocketAddress, on loop: EventLoop) {
        self.loop = loop
        namedPeer = peer.isNameless ? nil : NamedPeer(peer)
        registration = Registration(descriptor, as: .connection, on: loop)
        loop.connectionCount.add(1, ordering: .relaxed)
    }

    /// A socket that is connected already, such as one of a pair.
    public convenience init(_ descriptor: consuming Descriptor, on loop: EventLoop) {
        self.init(descriptor, from: .nameless, on: loop)
    }

    /// Receives what is there, or waits for something; 0 at the end of what the peer sends.
    ///
    /// - Parameter deadline: nanoseconds of the loop's clock; 0 for none.
    /// - Throws: `ConnectionError.timedOut` when the deadline passed first; `.failed` when the connection broke.
    public func receive(
        into buffer: UnsafeMutableRawBufferPointer, deadline: UInt64 = 0
    ) async throws(ConnectionError) -> Int {
        if loop.isCurrent { return try await receiveOnLoop(into: buffer, deadline: deadline) }
        let destination = Exclusive(buffer)
        return try await withTaskExecutorPreference(loop) { () async throws(ConnectionError) -> Int in
            try await self.receiveOnLoop(into: destination.value, deadline: deadline)
        }
    }

    private func receiveOnLoop(
        into buffer: UnsafeMutableRawBufferPointer, deadline: UInt64
    ) async throws(ConnectionError) -> Int {
        while true {
            if let count = try receiveNow(into: buffer) { return count }
            if try await !waitUntilReadable(deadline: deadline) { return 0 }
        }
    }

    /// Whether a receive may find something without waiting. Loop thread only.
    public var mayReceive: Bool { registration.isReadable }

    /// Receives what is there without waiting: 0 at the end, nil where there is nothing yet. Loop thread only.
    public func receiveNow(into buffer: UnsafeMutableRawBufferPointer) throws(ConnectionError) -> Int? {
        guard registration.isReadable else { return nil }
        let count = clinux_receive(registration.number, buffer.baseAddress!, buffer.count)
        if count == -ConnectionError.wouldBlock {
            registration.clearReadable()
            return nil
        }
        if count < 0 { throw .failed(Int32(-count)) }
        // A stream that gave less than there was room for is empty, unless its end is what comes next (epoll(7)).
        if count < buffer.count, count > 0, !registration.peerHasFinished { registration.clearReadable() }
        return count
    }

    /// Waits until a receive would find something, or the end, or until `deadline`. Returns false where it was interrupted
    /// instead, and all that had come by then was received. Loop thread only.
    public func waitUntilReadable(deadline: UInt64) async throws(ConnectionError) -> Bool {
        switch await registration.waitUntilReadable(deadline: deadline) {
        case .ready: return true
        case .interrupted: return false
        case .timedOut: throw .timedOut
        case .failed(let code): throw .failed(code)
        }
    }

    /// Likewise, without a task: a server, which is held for so long, is told of the end of the wait. Loop thread only.
    ///
    /// - Returns: false where it would end at once, or nothing can be waited for. The server is not told then; a task that waits
    ///   finds out why.
    public func waitUntilReadable(deadline: UInt64, for server: ReadServer) -> Bool {
        registration.waitUntilReadable(deadline: deadline, for: server)
    }

    /// Has a server told to go on when the others on the loop had their turn. Loop thread only.
    ///
    /// - Returns: false where the wait would be interrupted at once. The server is not told then.
    public func waitForTurn(_ server: ReadServer) -> Bool {
        registration.waitForTurn(server)
    }

    /// Waits until a send would take something. Loop thread only.
    ///
    /// - Parameter patience: how long the peer may take nothing at all, in nanoseconds; 0 for ever.
    public func waitUntilWritable(patience: UInt64) async throws(ConnectionError) {
        switch await registration.waitUntilWritable(deadline: patience == 0 ? 0 : loop.now + patience) {
        case .ready, .interrupted: return
        case .timedOut: throw .timedOut
        case .failed(let code): throw .failed(code)
        }
    }

    /// Calls `body` once, on the loop, when the peer has made room after a send that could not take everything. Loop thread
    /// only.
    public func whenWritable(_ body: @escaping () -> Void) throws(ConnectionError) {
        let code = registration.whenWritable(body)
        if code != 0 { throw .failed(code) }
    }

    /// Has this connection read on when its loop ends reading (`EventLoop.endReading`): something goes on here that needs
    /// what the peer sends. Loop thread only.
    public func keepReading() {
        registration.keepsReading = true
    }

    /// Has the kernel ask a peer that is silent for minutes whether it is still there (tcp(7)); for a connection that may
    /// rightly be silent for long. Nothing happens for a Unix peer, whose end is always noticed. Loop thread only.
    public func keepAlive() {
        if peerAddress.isUnix { return }
        _ = clinux_set_option(registration.number, SOL_SOCKET, SO_KEEPALIVE, 1)
        for (option, value) in [(TCP_KEEPIDLE, 60), (TCP_KEEPINTVL, 15), (TCP_KEEPCNT, 4)] {
            _ = clinux_set_option(registration.number, Int32(IPPROTO_TCP), option, Int32(value))
        }
    }

    /// Sends all of `bytes`, waiting where the peer is slow.
    ///
    /// - Parameter patience: how long the peer may take nothing at all, in nanoseconds; 0 for ever.
    public func send(_ bytes: UnsafeRawBufferPointer, patience: UInt64 = 0) async throws(ConnectionError) {
        if loop.isCurrent { return try await sendOnLoop(bytes, patience: patience) }
        let source = Exclusive(bytes)
        try await withTaskExecutorPreference(loop) { () async throws(ConnectionError) in
            try await self.sendOnLoop(source.value, patience: patience)
        }
    }

    private func sendOnLoop(_ bytes: UnsafeRawBufferPointer, patience: UInt64) async throws(ConnectionError) {
        var sent = try sendNow(bytes)
        while sent < bytes.count {
            try await waitUntilWritable(patience: patience)
            sent += try sendNow(UnsafeRawBufferPointer(rebasing: bytes[sent...]))
        }
    }

    /// Sends what can be sent without waiting. Returns how many bytes that was. Loop thread only.
    public func sendNow(_ bytes: UnsafeRawBufferPointer) throws(ConnectionError) -> Int {
        var sent = 0
        while sent < bytes.count, registration.isWritable {
            let count = clinux_send(registration.number, bytes.baseAddress! + sent, bytes.count - sent)
            if count == -ConnectionError.wouldBlock {
                registration.clearWritable()
                break
            }
            if count < 0 { throw .failed(Int32(-count)) }
            sent += count
        }
        return sent
    }

    /// Closes the sending half: the peer reads the end after what was sent. Loop thread only.
    public func finishSending() {
        _ = clinux_shutdown_sending(registration.number)
    }

    /// Ends the stream both ways, also where other processes have inherited it: the peer reads the end after what was sent. Loop
    /// thread only.
    public func shutDown() {
        _ = clinux_shutdown(registration.number)
    }

    /// Whether the peer has hung up both ways, as far as the loop was told. Loop thread only.
    public var isHungUp: Bool { registration.isHungUp }

    /// Calls `body` on the loop when the peer has hung up both ways, so that nothing can reach it. Loop thread only.
    public func onHangUp(_ body: @escaping @Sendable () -> Void) {
        // A connection on which nobody waits may not be watched yet. Where it cannot be, whoever waits next is told.
        _ = registration.registerIfNeeded()
        if registration.isHungUp { body() } else { registration.onHangUp = body }
    }

    /// Ends the wait of who waits to read: a task looks again, as if something had come. Loop thread only.
    public func wakeReader() {
        registration.wakeReader()
    }

    /// Stops the task that reads from waiting: it receives what is there, and then the end. From any thread.
    public func interrupt() {
        loop.execute { self.registration.interrupt() }
    }

    /// Closes the connection. Nobody may be waiting on it. Loop thread only.
    public func close() {
        registration.close()
    }

    deinit {
        loop.connectionCount.subtract(1, ordering: .relaxed)
        if registration.isClosed { return }
        let registration = registration
        loop.execute { registration.close() }
    }

    /// Who the peer of a Unix connection is, as the kernel recorded it at connect(2); nil for TCP.
    public func credentials() -> PeerCredentials? {
        guard peerAddress.isUnix else { return nil }
        var peer = PeerCredentials(user: 0, group: 0, process: 0)
        return clinux_peer_credentials(registration.number, &peer.user, &peer.group, &peer.process) < 0 ? nil : peer
    }
}

/// Who the peer of a Unix connection is.
public struct PeerCredentials: Equatable, Sendable {
    /// User, group and process, as numbers. The process may have ended since.
    public var user, group, process: UInt32
}

/// How a connection ended that did not end well.
public enum ConnectionError: Error, Equatable, Sendable {
    /// The deadline passed first.
    case timedOut

    /// The kernel refused, with this errno: the peer is gone, or memory is.
    case failed(Int32)

    static let wouldBlock = 11  // EAGAIN
}

/// A buffer on its way to the loop: its owner is suspended until the loop is done with it, so nobody else touches it.
private struct Exclusive<Value>: @unchecked Sendable {
    let value: Value

    init(_ value: Value) {
        self.value = value
    }
}
