import CLinux
import FastDaemonSystem
import Glibc

/// A socket that is bound and, for streams, listens. It closes with its last holder; a Unix socket's file goes with it.
public final class Listener: Sendable {
    /// Where it listens. Port 0 has become the port that the kernel chose.
    public let address: SocketAddress

    let descriptor: Descriptor
    private let file: SocketFile?

    /// What stands in the way of a connection is the queue of those that nobody has accepted yet: this long.
    public static let defaultBacklog: Int32 = 511

    /// Listens for connections on `address`.
    ///
    /// - Parameter mode: the permissions of a Unix socket's file.
    /// - Throws: an `IOError` that names the address: in use by a live server, not a socket, no permission.
    public static func stream(
        on address: SocketAddress, backlog: Int32 = defaultBacklog, mode: UInt32 = 0o600
    ) throws(IOError) -> Listener {
        let listener = try Listener(bindingTo: address, datagram: false, mode: mode)
        _ = try check(clinux_listen(listener.descriptor.number, backlog), "listen on", address.description)
        return listener
    }

    /// Binds a datagram socket to `address`.
    public static func datagram(on address: SocketAddress, mode: UInt32 = 0o600) throws(IOError) -> Listener {
        try Listener(bindingTo: address, datagram: true, mode: mode)
    }

    /// Stops listening: whoever connects is refused from now on, and a Unix socket's file is gone.
    public func close() {
        _ = clinux_shutdown(descriptor.number)
        removeFile()
    }

    /// Removes the file of a Unix socket now, for a process that ends without letting go of its values.
    public func removeFile() {
        file?.remove()
    }

    private init(bindingTo address: SocketAddress, datagram: Bool, mode: UInt32) throws(IOError) {
        if let path = address.path { try SocketFile.makeWay(at: path, for: address, datagram: datagram) }
        let subject = address.description
        let socket = Descriptor(
            owning: try check(clinux_socket(address.family, datagram), "open a socket for", subject))
        if address.isUnix {
            _ = try check(clinux_set_mode(socket.number, mode), "set the mode of", subject)
        } else {
            _ = clinux_set_option(socket.number, SOL_SOCKET, SO_REUSEADDR, 1)
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
        file = address.path.flatMap(SocketFile.init(at:))
        descriptor = socket
    }
}

/// The file of a Unix socket. Removed when its listener goes, if it is still the same one.
private struct SocketFile: ~Copyable, Sendable {
    private let path: String
    private let device: UInt64
    private let inode: UInt64

    init?(at path: String) {
        var status = clinux_status()
        guard clinux_status_at(clinux_here, path, 0, &status) == 0 else { return nil }
        self.path = path
        device = status.device
        inode = status.inode
    }

    deinit {
        remove()
    }

    func remove() {
        var status = clinux_status()
        guard clinux_status_at(clinux_here, path, 0, &status) == 0 else { return }
        if status.device == device, status.inode == inode { _ = clinux_remove(path) }
    }

    /// Removes the file that a server which is no more left at `path`. A live server's is left alone, and so is whatever is
    /// not a socket.
    static func makeWay(at path: String, for address: SocketAddress, datagram: Bool) throws(IOError) {
        var status = clinux_status()
        let found = clinux_status_at(clinux_here, path, 0, &status)
        if found == -ENOENT { return }
        _ = try check(found, "listen on", path)
        guard status.mode & S_IFMT == S_IFSOCK else {
            throw IOError(
                "listen on", path, because: "a file of that name is there that is not a socket; it was not touched")
        }
        let probe = Descriptor(owning: try check(clinux_socket(AF_UNIX, datagram), "open a socket for", path))
        switch address.withPointer({ clinux_connect(probe.number, $0, $1) }) {
        case -ECONNREFUSED:
            _ = try check(clinux_remove(path), "remove the stale socket", path)
        case 0, -EAGAIN:
            throw IOError("listen on", path, because: "already running: another server answers there")
        case -EPROTOTYPE:
            throw IOError("listen on", path, because: "already running: a socket of another type is open there")
        case let failure:
            throw IOError("listen on", path, code: -failure)
        }
    }
}
