import CLinux
import FastDaemonSystem
import Glibc

/// Why a file or folder is not trusted, and the command that mends it.
public struct TrustError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file or folder at fault.
    public let path: String

    /// What is wrong with it.
    public let fault: Fault

    /// What can be wrong with a file.
    public enum Fault: Equatable, Sendable {
        case belongsTo(user: UInt32)
        case isWritableByOthers(mode: UInt32)
        /// The kernel does not say whose it is, with this errno.
        case isUnreadable(code: Int32)
    }

    /// In words, for people.
    public var description: String {
        switch fault {
        case .belongsTo(let user):
            "\(path) belongs to user \(user), who could change it under the daemon; mend it with: chown \(geteuid()) \(path)"
        case .isWritableByOthers(let mode):
            "\(path) may be written to by others than its owner (mode \(String(mode & 0o7777, radix: 8))); "
                + "mend it with: chmod go-w \(path)"
        case .isUnreadable(let code):
            "\(path): nobody knows whose it is, because the kernel did not say: \(String(cString: strerror(code)))"
        }
    }
}

/// Checks that nobody but root and the daemon's own user can change what the daemon is about to load.
///
/// Everything is checked on opened descriptors: between a check of a name and its use, the name could become another file's.
public enum Trust {
    /// Checks an opened file or folder by itself.
    public static func check(_ descriptor: borrowing Descriptor, at path: String) throws(TrustError) {
        try check(status(of: descriptor.number, at: path), at: path, allowsSticky: false)
    }

    /// Checks every folder above an opened folder, up to the root.
    public static func checkFolders(above folder: borrowing Descriptor, at path: String) throws(TrustError) {
        var name = path
        var below = try status(of: folder.number, at: path)
        var parent = clinux_open_directory(folder.number, "..")
        // It ends at the root, which is its own parent, or where this user cannot look up any further.
        while parent >= 0 {
            let current = Descriptor(owning: parent)
            let found = try status(of: current.number, at: parentPath(of: name))
            if found.device == below.device, found.inode == below.inode { return }
            name = parentPath(of: name)
            try check(found, at: name, allowsSticky: true)
            below = found
            parent = clinux_open_directory(current.number, "..")
        }
    }

    /// Checks every folder that a path leads through, links among them, but for the last: where something may be made, and stays
    /// what it is.
    public static func checkWay(to path: String) throws(TrustError) {
        var name = parentPath(of: path)
        while true {
            var status = clinux_status()
            if clinux_status_at(clinux_here, name, 1, &status) == 0 { try check(status, at: name, allowsSticky: true) }
            if name == "/" { break }
            name = parentPath(of: name)
        }
        let parent = clinux_open_directory(clinux_here, parentPath(of: path))
        if parent >= 0 { try checkFolders(above: Descriptor(owning: parent), at: parentPath(of: path)) }
    }

    private static func check(_ status: clinux_status, at path: String, allowsSticky: Bool) throws(TrustError) {
        // A sticky folder lets its users add files, but not touch each other's.
        if allowsSticky, status.mode & S_ISVTX != 0, status.user == 0 { return }
        guard status.user == 0 || status.user == geteuid() else {
            throw TrustError(path: path, fault: .belongsTo(user: status.user))
        }
        guard status.mode & 0o022 == 0 else {
            throw TrustError(path: path, fault: .isWritableByOthers(mode: status.mode))
        }
    }

    private static func status(of number: Int32, at path: String) throws(TrustError) -> clinux_status {
        var status = clinux_status()
        let result = clinux_status_of(number, &status)
        if result < 0 { throw TrustError(path: path, fault: .isUnreadable(code: -result)) }
        return status
    }

    private static func parentPath(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }
}
