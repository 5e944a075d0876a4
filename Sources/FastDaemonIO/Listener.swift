import CLinux
import FastDaemonSystem
import Glibc
import Synchronization

/// A socket that is bound and, for streams, listens. It closes with its last holder; a Unix socket's file goes with it.
public final class Listener: Sendable {
    /// Where it listens. Port 0 has become the port that the kernel chose.
    public let address: SocketAddress

    /// Whether it receives datagrams rather than connections.
    public let isDatagram: Bool

    let descriptor: Descriptor
    private let file: SocketFile?
    private let lock: SocketLock?

    /// Whether the socket is another process's, too.
    private let shared: Atomic<Bool>

    /// What stands in the way of a connection is the queue of those that nobody has accepted yet: this long.
    public static let defaultBacklog: Int32 = 511

    /// Listens for connections on `address`.
    ///
    /// - Parameters:
    ///   - mode: the permissions of a Unix socket's file.
    ///   - lock: the right to a Unix socket's path, kept as long as the listener.
    /// - Throws: an `IOError` that names the address: in use by a live server, not a socket, no permission.
    public static func stream(
        on address: SocketAddress, backlog: Int32 = defaultBacklog, mode: UInt32 = 0o600, lock: SocketLock? = nil
    ) throws(IOError) -> Listener {
        let listener = try Listener(bindingTo: address, datagram: false, mode: mode, lock)
        _ = try check(clinux_listen(listener.descriptor.number, backlog), "listen on", address.description)
        return listener
    }

    /// Binds a datagram socket to `address`.
    public static func datagram(
        on address: SocketAddress, mode: UInt32 = 0o600, lock: SocketLock? = nil
    ) throws(IOError) -> Listener {
        try Listener(bindingTo: address, datagram: true, mode: mode, lock)
    }

    /// Stops listening: whoever connects is refused from now on, and a Unix socket's file is gone. A shared socket is left
    /// as it is.
    public func close() {
        if isShared { return }
        _ = clinux_shutdown(descriptor.number)
        removeFile()
    }

    /// Removes the files of a Unix socket now, for a process that ends without letting go of its values. Those of a shared
    /// socket stay.
    public func removeFile() {
        if isShared { return }
        file?.remove()
        lock?.release()
    }

    deinit {
        removeFile()
    }

    // MARK: - Sharing a socket with other processes

    /// Takes a socket over that another process bound: it is shared until `takeOver()`.
    ///
    /// - Parameters:
    ///   - number: the descriptor, which becomes the listener's own, non-blocking and close-on-exec.
    ///   - lock: the right to the socket's path, where it was handed over with it.
    /// - Throws: an `IOError` that says what it is instead of a socket that can be listened on.
    public init(adopting number: Int32, lock: (SocketAddress) -> SocketLock? = { _ in nil }) throws(IOError) {
        let socket = Descriptor(owning: number)
        let subject = "the inherited descriptor \(number)"
        var type: Int32 = 0
        var isListening = false
        let result = clinux_adopt_socket(number, &type, &isListening)
        if result == -ENOTSOCK { throw IOError("listen on", subject, because: "it is not a socket") }
        _ = try check(result, "listen on", subject)
        let address = SocketAddress { _ = clinux_socket_name(number, $0, $1) }
        let name = "\(address), \(subject)"
        guard [AF_UNIX, AF_INET, AF_INET6].contains(address.family) else {
            throw IOError("listen on", name, because: "it is neither a Unix nor an IP socket")
        }
        isDatagram = type == Int32(SOCK_DGRAM.rawValue)
        guard isDatagram || type == Int32(SOCK_STREAM.rawValue) else {
            throw IOError(
                "listen on", name, because: "it takes neither connections nor datagrams (ListenStream, ListenDatagram)")
        }
        guard isDatagram || isListening else {
            throw IOError("listen on", name, because: "it does not listen; a socket unit must say Accept=no")
        }
        self.address = address
        self.lock = lock(address)
        file = address.path.flatMap(SocketFile.init(at:))
        descriptor = socket
        shared = Atomic(true)
        if !isDatagram, !address.isUnix { Self.sendShortEnds(from: number) }
    }

    /// Has the connections that a TCP socket accepts, which inherit it, send what does not fill a segment at once (TCP_NODELAY).
    /// Replies are sent whole and together as they are, and the end of a long one would wait until its peer acknowledged the rest.
    private static func sendShortEnds(from socket: Int32) {
        _ = clinux_set_option(socket, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
    }

    /// Whether the socket is another process's, too, so that closing it here leaves the socket, its queue and its files alone.
    public var isShared: Bool { shared.load(ordering: .relaxed) }

    /// Another process serves the socket from now on.
    public func share() {
        lock?.share()
        shared.store(true, ordering: .relaxed)
    }

    /// Lets go of a socket for streams, and of its lock, that another process serves, although this value is still held. Where that
    /// process ends, nobody waits in a queue that nobody takes from, and the next one can have its place. Nobody may accept here
    /// any more.
    public func letGo() {
        guard isShared, !isDatagram else { return }
        _ = clinux_let_go(descriptor.number)
        lock?.letGo()
    }

    /// This process alone has the socket from now on.
    public func takeOver() {
        lock?.takeOver()
        shared.store(false, ordering: .relaxed)
    }

    /// The descriptors of socket and lock, for a process that is to inherit them.
    public var numbers: (socket: Int32, lock: Int32?) { (descriptor.number, lock?.number) }

    private init(
        bindingTo address: SocketAddress, datagram: Bool, mode: UInt32, _ lock: SocketLock?
    ) throws(IOError) {
        if let path = address.path { try SocketFile.makeWay(at: path, for: address, datagram: datagram) }
        let subject = address.description
        let socket = Descriptor(
            owning: try check(clinux_socket(address.family, datagram), "open a socket for", subject))
        if address.isUnix {
            _ = try check(clinux_set_mode(socket.number, mode), "set the mode of", subject)
        } else {
            _ = clinux_set_option(socket.number, SOL_SOCKET, SO_REUSEADDR, 1)
            if !datagram { Self.sendShortEnds(from: socket.number) }
            if address.family == AF_INET6 { _ = clinux_set_option(socket.number, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1) }
        }
        let result = address.withPointer { clinux_bind(socket.number, $0, $1) }
        if result == -EADDRINUSE {
            throw IOError("listen on", subject, because: "another program listens there already")
        }
        _ = try check(result, "listen on", subject)
        // The umask took from what bind(2) gave; the mode is the user's word, so it is given in full.
        if let path = address.path { _ = try check(clinux_change_mode(path, mode), "set the mode of", subject) }
        let number = socket.number
        self.address = SocketAddress { _ = clinux_socket_name(number, $0, $1) }
        isDatagram = datagram
        file = address.path.flatMap(SocketFile.init(at:))
        self.lock = lock
        descriptor = socket
        shared = Atomic(false)
    }
}
