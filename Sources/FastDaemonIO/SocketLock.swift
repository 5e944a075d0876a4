import CLinux
import FastDaemonSystem
import Glibc
import Synchronization

/// The right to a Unix socket's path: a lock on the file `PATH.lock` beside it.
///
/// A socket's file says nothing of whether somebody serves it, and two servers that look at the same time may both find that
/// nobody does. The kernel lets go of the lock when its holder ends, however it ends. The file holds the holder's process
/// number, for people, and is removed by a holder that ends in good order; that is safe because whoever gets the lock looks
/// whether the file that it locked still has its name, and starts over if not.
public final class SocketLock: Sendable {
    /// The lock's own path.
    public let path: String

    private let descriptor: Descriptor
    private let isShared = Atomic(false)

    /// What a lock's file holds at most: anything longer is somebody's file.
    private static let longestContent = 32

    /// Takes the lock of the socket at `socketPath`.
    ///
    /// - Throws: an `IOError` that names the process which has it.
    public convenience init(ofSocketAt socketPath: String) throws(IOError) {
        let path = socketPath + ".lock"
        while true {
            let descriptor = try Self.open(path, for: socketPath)
            let result = clinux_lock(descriptor.number)
            if result == -EWOULDBLOCK {
                throw IOError("listen on", socketPath, because: "already running: \(Self.holder(descriptor, path))")
            }
            _ = try check(result, "lock", path)
            if Self.isSame(descriptor, as: path) {
                self.init(owning: descriptor, at: path)
                setHolder(to: getpid())
                return
            }
            // Its last holder removed it between the two.
        }
    }

    /// Whether an open descriptor, which stays the caller's, is of the lock of the socket at `socketPath`.
    public static func isLock(_ number: Int32, ofSocketAt socketPath: String) -> Bool {
        var open = clinux_status()
        return clinux_status_of(number, &open) == 0 && isSame(open, as: socketPath + ".lock")
    }

    /// Takes over a lock that this process was started with.
    ///
    /// - Returns: nil where it is not locked, and cannot be.
    public convenience init?(adopting descriptor: consuming Descriptor, ofSocketAt socketPath: String) {
        let path = socketPath + ".lock"
        if clinux_lock(descriptor.number) != 0 { return nil }
        self.init(owning: descriptor, at: path)
        share()
    }

    private init(owning descriptor: consuming Descriptor, at path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit {
        release()
    }

    /// The descriptor, for a process that is to inherit the lock.
    public var number: Int32 { descriptor.number }

    /// Another process holds the lock, too: its file stays when this one lets go.
    public func share() {
        isShared.store(true, ordering: .relaxed)
    }

    /// No other process holds the lock any more.
    public func takeOver() {
        isShared.store(false, ordering: .relaxed)
        setHolder(to: getpid())
    }

    /// Leaves a lock to the other process that holds it.
    func letGo() {
        if isShared.load(ordering: .relaxed) { _ = clinux_let_go(descriptor.number) }
    }

    /// Lets go of the lock now.
    public func release() {
        if isShared.exchange(true, ordering: .relaxed) { return }
        if Self.isSame(descriptor, as: path) { _ = clinux_remove(path) }
        _ = clinux_unlock(descriptor.number)
    }

    /// Writes down who holds it.
    private func setHolder(to process: pid_t) {
        let text = Array("\(process)\n".utf8)
        _ = clinux_replace_content(descriptor.number, text, text.count)
    }

    // MARK: - The file

    private static func open(_ path: String, for socketPath: String) throws(IOError) -> Descriptor {
        let flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK
        let result = clinux_open_at(clinux_here, path, flags, 0o600)
        let descriptor = Descriptor(owning: try check(result, "listen on \(socketPath): cannot open its lock", path))
        var status = clinux_status()
        _ = try check(clinux_status_of(descriptor.number, &status), "look at", path)
        guard status.mode & S_IFMT == S_IFREG, status.size <= longestContent, status.user == geteuid() || geteuid() == 0
        else {
            throw IOError(
                "listen on", socketPath,
                because: "\(path) is there and is not a lock of ours; it was not touched. Remove it if nothing needs it"
            )
        }
        return descriptor
    }

    private static func isSame(_ descriptor: borrowing Descriptor, as path: String) -> Bool {
        var open = clinux_status()
        return clinux_status_of(descriptor.number, &open) == 0 && isSame(open, as: path)
    }

    private static func isSame(_ open: clinux_status, as path: String) -> Bool {
        var named = clinux_status()
        return clinux_status_at(clinux_here, path, 0, &named) == 0
            && open.device == named.device && open.inode == named.inode
    }

    /// Who has the lock, in words.
    private static func holder(_ descriptor: borrowing Descriptor, _ path: String) -> String {
        var bytes = [UInt8](repeating: 0, count: longestContent)
        let count = clinux_read(descriptor.number, &bytes, bytes.count)
        let digits = bytes[..<max(count, 0)].prefix { (0x30...0x39).contains($0) }
        guard let process = Int32(String(decoding: digits, as: UTF8.self)) else { return "somebody holds \(path)" }
        return "\(name(of: process).map { "\($0), " } ?? "")process \(process), holds \(path)"
    }

    private static func name(of process: Int32) -> String? {
        let result = clinux_open_at(clinux_here, "/proc/\(process)/comm", O_RDONLY, 0)
        guard result >= 0 else { return nil }
        let file = Descriptor(owning: result)
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = clinux_read(file.number, &bytes, bytes.count)
        let name = bytes[..<max(count, 0)].prefix { $0 > 0x20 && $0 < 0x7F }
        return name.isEmpty ? nil : String(decoding: name, as: UTF8.self)
    }
}
