import Glibc

/// Tells whoever started the daemon how far it is, as sd_notify(3) has it: one datagram to the socket that
/// `$NOTIFY_SOCKET` names. systemd listens there, and so does `fastdaemon_client --start`.
struct ReadinessNotice: Sendable {
    /// The path of a socket, or an abstract name with `@` before it.
    private let socketName: [UInt8]

    /// Takes `$NOTIFY_SOCKET` out of the environment, so that no handler and no program that one runs speaks for the daemon.
    /// To be called before there are threads that read the environment.
    ///
    /// Nil where nobody asked to be told.
    static func takeFromEnvironment() -> ReadinessNotice? {
        guard let value = getenv("NOTIFY_SOCKET") else { return nil }
        let name = Array(String(cString: value).utf8)
        unsetenv("NOTIFY_SOCKET")
        return ReadinessNotice(socketName: name)
    }

    /// Nil where it names another kind of socket: such as vsock, for the system manager of a virtual machine.
    init?(socketName: [UInt8]) {
        guard socketName.first == UInt8(ascii: "/") || socketName.first == UInt8(ascii: "@") else { return nil }
        self.socketName = socketName
    }

    /// All listeners are open.
    ///
    /// - Parameter status: One line for people, as `systemctl status` shows it.
    /// - Returns: the error number, 0 where it was said.
    func ready(status: String) -> Int32 {
        send("READY=1\nSTATUS=\(status)\n")
    }

    private func send(_ text: String) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var name = socketName
        let isAbstract = name[0] == UInt8(ascii: "@")
        if isAbstract { name[0] = 0 }
        // An abstract name has no end but the address's; a path has a zero byte behind it.
        let count = name.count + (isAbstract ? 0 : 1)
        guard count <= MemoryLayout.size(ofValue: address.sun_path) else { return ENAMETOOLONG }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let size = socklen_t(MemoryLayout.offset(of: \sockaddr_un.sun_path)! + count)

        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        let sent = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0, size)
            }
        }
        return sent < 0 ? errno : 0
    }
}
