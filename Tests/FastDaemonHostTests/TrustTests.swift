import CLinux
import FastDaemonHost
import FastDaemonSystem
import Foundation
import TestSupport
import Testing

@Suite("Trust") struct TrustTests {
    private let folder: TemporaryFolder
    private let file: String

    init() throws {
        folder = try TemporaryFolder()
        file = folder.file("lib.so")
        #expect(FileManager.default.createFile(atPath: file, contents: Data()))
        chmod(file, 0o644)
    }

    /// What is wrong with the file or folder at `path` by itself.
    private static func fault(of path: String) throws -> TrustError? {
        let descriptor = Descriptor(owning: try check(clinux_open_at(clinux_here, path, O_RDONLY, 0), "open", path))
        do throws(TrustError) {
            try Trust.check(descriptor, at: path)
            return nil
        } catch {
            return error
        }
    }

    /// What is wrong with the folders above the one at `path`.
    private static func fault(above path: String) throws -> TrustError? {
        let descriptor = Descriptor(owning: try check(clinux_open_directory(clinux_here, path), "open", path))
        do throws(TrustError) {
            try Trust.checkFolders(above: descriptor, at: path)
            return nil
        } catch {
            return error
        }
    }

    private func subfolder() throws -> String {
        let path = folder.file("plugins")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        return path
    }

    @Test("is given to a file of the own user that nobody else may write to", arguments: [0o600, 0o644, 0o755, 0o4755])
    func own(mode: UInt32) throws {
        chmod(file, mode)
        #expect(try Self.fault(of: file) == nil)
    }

    @Test(
        "is refused to a file that others may write to, with the command that mends it",
        arguments: [0o620, 0o602, 0o666])
    func writable(mode: UInt32) throws {
        chmod(file, mode)
        let error = try #require(try Self.fault(of: file))
        #expect(
            error.description == "\(file) may be written to by others than its owner (mode \(String(mode, radix: 8))); "
                + "mend it with: chmod go-w \(file)")
    }

    @Test(
        "is refused to another user's file, with the command that mends it",
        .enabled(if: geteuid() == 0, "only root can give a file away"))
    func otherOwner() throws {
        #expect(chown(file, 12345, 12345) == 0)
        let error = try #require(try Self.fault(of: file))
        #expect(error.fault == .belongsTo(user: 12345))
        #expect(error.description.hasSuffix("mend it with: chown 0 \(file)"), "\(error)")
    }

    @Test("is refused to a folder below one that others may write to, which is named")
    func folderAbove() throws {
        let below = try subfolder()
        #expect(try Self.fault(above: below) == nil)
        chmod(folder.path, 0o777)
        let error = try #require(try Self.fault(above: below))
        #expect(error.path == folder.path)
        #expect(error.description.hasSuffix("mend it with: chmod go-w \(folder.path)"), "\(error)")
    }

    @Test(
        "is given to a folder below a sticky one of root's, but not to the sticky one itself",
        .enabled(if: geteuid() == 0, "only root can make a folder of root's"))
    func sticky() throws {
        let below = try subfolder()
        chmod(folder.path, 0o1777)
        #expect(try Self.fault(above: below) == nil)
        #expect(try Self.fault(of: folder.path)?.path == folder.path)
    }

    @Test(
        "is refused to a folder below another user's, sticky or not",
        .enabled(if: geteuid() == 0, "only root can give a folder away"), arguments: [0o755, 0o1777])
    func stickyOfAnother(mode: UInt32) throws {
        let below = try subfolder()
        chmod(folder.path, mode)
        #expect(chown(folder.path, 12345, 12345) == 0)
        #expect(try Self.fault(above: below)?.fault == .belongsTo(user: 12345))
    }
}
