import CLinux
import FastDaemonSystem
import Glibc

/// The folder that libraries are loaded from, opened and found trustworthy.
public struct PluginFolder: ~Copyable, Sendable {
    /// Its absolute path, for messages.
    public let path: String

    private let descriptor: Descriptor

    /// Opens and checks the folder.
    public init(at path: String) throws(PluginError) {
        self.path = path
        descriptor = try Self.openChecked(path)
    }

    private static func openChecked(_ path: String) throws(PluginError) -> Descriptor {
        let number = clinux_open_at(clinux_here, path, O_RDONLY | O_DIRECTORY, 0)
        if number < 0 { throw PluginError(path, .folder(code: -number)) }
        let folder = Descriptor(owning: number)
        do {
            try Trust.check(folder, at: path)
            try Trust.checkFolders(above: folder, at: path)
        } catch {
            throw PluginError(path, .untrusted(error))
        }
        return folder
    }

    /// Opens and checks a library of this folder.
    ///
    /// - Parameter name: its file name. A symbolic link is followed as long as it stays in the folder.
    func open(_ name: String) throws(PluginError) -> Descriptor {
        let libraryPath = "\(path)/\(name)"
        if name.contains("/") || name == ".." || name == "." || name.isEmpty {
            throw PluginError(libraryPath, .outsideFolder)
        }
        let number = clinux_open_beneath(descriptor.number, name)
        if number == -EXDEV { throw PluginError(libraryPath, .outsideFolder) }
        if number < 0 { throw PluginError(libraryPath, .cannotOpen(code: -number)) }
        let file = Descriptor(owning: number)
        var status = clinux_status()
        _ = clinux_status_of(number, &status)
        guard status.mode & S_IFMT == S_IFREG else { throw PluginError(libraryPath, .notAFile) }
        do {
            try Trust.check(file, at: libraryPath)
        } catch {
            throw PluginError(libraryPath, .untrusted(error))
        }
        return file
    }
}
