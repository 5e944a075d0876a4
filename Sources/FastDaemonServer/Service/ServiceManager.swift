import CLinux
import FastDaemonSystem
import Glibc
import Synchronization

/// Whoever started the daemon and wants to be told how it is, as sd_notify(3) has it: by datagrams to the socket that
/// `$NOTIFY_SOCKET` names. systemd listens there, and so does `fastdaemon_client --start`.
final class ServiceManager: Sendable {
    /// How often it wants to hear that the daemon lives, in nanoseconds; nil where it does not.
    let watchdog: UInt64?

    /// The path of a socket, or an abstract name with `@` before it; nil where nobody asked to be told.
    private let socketName: [UInt8]?

    /// Opened while there are descriptors: a daemon that ran out of them is alive all the same.
    private let socket: Descriptor?
    private let socketNumber: Int32

    /// Set once another process speaks for the daemon.
    private let isSilent = Atomic(false)

    /// Takes the variables out of the environment, so that no handler and no program that one runs speaks for the daemon.
    /// To be called before there are threads that read the environment.
    static func takeFromEnvironment() -> ServiceManager {
        let name = takeVariable("NOTIFY_SOCKET")
        let watchdog = Watchdog.interval(
            microseconds: takeVariable("WATCHDOG_USEC"), process: takeVariable("WATCHDOG_PID"), own: getpid())
        return ServiceManager(socketName: name.map { Array($0.utf8) }, watchdog: watchdog)
    }

    /// One that listens at `socketName`; a name of another kind, such as vsock for the system manager of a virtual machine, is
    /// not for this.
    init(socketName: [UInt8]?, watchdog: UInt64? = nil) {
        let isKnown = socketName?.first == UInt8(ascii: "/") || socketName?.first == UInt8(ascii: "@")
        self.socketName = isKnown ? socketName : nil
        self.watchdog = isKnown ? watchdog : nil
        let number = isKnown ? Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0) : -1
        socket = number < 0 ? nil : Descriptor(owning: number)
        socketNumber = number
    }

    /// Whether anybody wants to be told.
    var isThere: Bool { socketName != nil }

    /// The variables for a process that is to take the daemon's place, as `NAME=value`. The watchdog's process is left out:
    /// it is not known before there is one.
    var environment: [String] {
        guard let socketName else { return [] }
        let name = "NOTIFY_SOCKET=\(String(decoding: socketName, as: UTF8.self))"
        return [name] + (watchdog.map { ["WATCHDOG_USEC=\($0 / 1000)"] } ?? [])
    }

    /// Says nothing more: another process is the daemon now.
    func fallSilent() {
        isSilent.store(true, ordering: .relaxed)
    }

    /// Tells it.
    ///
    /// - Parameter patiently: whether to wait where it has more to read than it can hold, rather than to give up.
    /// - Returns: the error number, 0 where it was said or nobody is there.
    @discardableResult
    func tell(_ notice: ServiceNotice, patiently: Bool = false) -> Int32 {
        guard let socketName, !isSilent.load(ordering: .relaxed) else { return 0 }
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
        if socketNumber < 0 { return EMFILE }
        let bytes = Array(notice.text.utf8)
        let flags = Int32(MSG_NOSIGNAL) | (patiently ? 0 : Int32(MSG_DONTWAIT))
        let sent = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(socketNumber, bytes, bytes.count, flags, $0, size)
            }
        }
        return sent < 0 ? errno : 0
    }
}

/// Reads a variable and takes it out of the environment.
func takeVariable(_ name: String) -> String? {
    guard let value = getenv(name) else { return nil }
    let text = String(cString: value)
    unsetenv(name)
    return text
}
