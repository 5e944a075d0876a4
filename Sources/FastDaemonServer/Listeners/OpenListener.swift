import FastDaemonIO
import FastDaemonSystem
import Synchronization

/// A listener of the config while it is open.
final class OpenListener: Sendable {
    enum Socket: Sendable {
        case stream(Server)
        case datagram(DatagramSocket)
    }

    let socket: Socket
    private let current: Mutex<ListenerConfiguration>

    /// Serves the socket that an entry of the config asks for.
    init(
        _ listener: Listener, _ configuration: ListenerConfiguration, _ limits: Limits, on loops: EventLoopGroup
    ) throws(IOError) {
        socket =
            listener.isDatagram
            ? .datagram(try DatagramSocket(listener, longest: limits.datagramBytes, on: loops.loops[0]))
            : .stream(Server(listener, loops: loops))
        current = Mutex(configuration)
    }

    /// What the config says of it at this moment. From any thread.
    var configuration: ListenerConfiguration { current.withLock { $0 } }

    /// Whether an entry of a config means this socket.
    func isFor(_ entry: ListenerConfiguration) -> Bool {
        let own = configuration
        return own.address.description == entry.address.description && own.isDatagram == entry.isDatagram
    }

    /// Whether a socket for an entry of a config, though another than this, cannot be opened as long as this one is.
    func isInTheWay(of entry: ListenerConfiguration) -> Bool {
        if entry.address.isUnix { return listener.address.isSame(as: entry.address) }
        return listener.isDatagram == entry.isDatagram && listener.address.port == entry.address.port
    }

    /// Goes on as another entry for the same socket says.
    func change(to entry: ListenerConfiguration, _ limits: Limits) throws(IOError) {
        let old = configuration
        var entry = entry
        // Connections that wait may have come under the old mode, which let in more than the new one.
        if entry.address.isUnix, entry.allowedUsers == nil, entry.mode & 0o066 == 0, old.mode & 0o066 != 0,
            !listener.isShared
        {
            entry.allowedUsers = []
        }
        // First who may, then the mode, so that nobody comes in between; and whatever becomes of the mode.
        current.withLock { $0 = entry }
        if case .datagram(let socket) = socket { socket.setLongest(limits.datagramBytes) }
        // The permissions and the queue of the service manager's sockets are its own to set.
        if listener.isShared { return }
        if old.mode != entry.mode { try listener.setMode(entry.mode) }
        if case .stream = socket { try listener.setBacklog(Int32(limits.backlog)) }
    }

    /// As people write it, with the port that the kernel chose.
    var name: String {
        var bound = configuration
        bound.address = listener.address
        return bound.name
    }

    var listener: Listener {
        switch socket {
        case .stream(let server): server.listener
        case .datagram(let socket): socket.listener
        }
    }

    /// Takes what has come already, and nothing after that.
    func drain() {
        switch socket {
        case .stream(let server): server.drain()
        case .datagram(let socket): socket.finish()
        }
    }

    /// Takes in nothing any more: what has come is for the other process that has the socket.
    func leave() {
        switch socket {
        case .stream(let server): server.close()
        case .datagram(let socket): socket.finish()
        }
    }

    /// Leaves no file behind, for a process that ends without letting go of its values.
    func removeFile() {
        listener.removeFile()
    }
}
