import CLinux
import FastDaemonSystem
import Glibc

/// The file of a Unix socket, remembered by what it is and not by its name alone: removed only if it is still the same one.
struct SocketFile: Sendable {
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
