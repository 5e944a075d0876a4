import CLinux
import FastDaemonSystem
import Glibc

/// What crashes of earlier daemons with the same config left behind, and what a crash of this one will.
///
/// Each daemon has a file in shared memory, in which its threads note whose code they run; the file is locked for as long as the
/// process is there. Who starts next finds it unlocked, and reads it. A process that is killed from outside blames nobody,
/// but where SIGABRT ended it while an event loop did not come back from a handler.
public final class CrashNotes: Sendable {
    /// Who is to blame, of the libraries as they were then.
    public let blames: [CrashBlame]

    /// The file that the blames are kept in: without it they are forgotten.
    public let file: String

    /// Holds the lock, and where it is.
    private let table: Descriptor
    private let tablePath: String

    /// Reads what was left behind, and begins to take notes. Once in a process, before any plugin is loaded.
    ///
    /// - Parameters:
    ///   - configuration: the path of the config, by which a daemon knows its own.
    ///   - folder: where the files are, which is made if there is none.
    public init(configuration: String, in folder: String) throws(IOError) {
        let opened = try Self.open(folder)
        let name = Self.name(of: configuration)
        file = "\(folder)/blamed-\(name)"
        var known = CrashBlame.list(in: Self.contents(of: "blamed-\(name)", in: opened))
        let found = Self.collect(prefix: "running-\(name).", in: opened)
        for blame in found { known = CrashBlame.list(known, adding: blame) }
        if !found.isEmpty { try Self.keep(known, as: "blamed-\(name)", in: opened, file) }
        blames = known
        table = try Self.makeTable("running-\(name).\(getpid())", in: opened, folder)
        tablePath = "\(folder)/running-\(name).\(getpid())"
    }

    /// The process ends as it should: nothing is left behind.
    public func end() {
        _ = clinux_remove(tablePath)
    }

    /// Who is to blame for a crash in the code of this very library, if anybody is.
    public func blame(for image: LibraryImage) -> CrashBlame? {
        // The digest is not computed where the path says no.
        blames.last { $0.libraryPath == image.path && $0.digest == image.mappedDigest }
    }

    // MARK: - The folder

    /// Where the files are to be: what the service manager gave the daemon, or else a folder of its user's.
    public static var folder: String {
        func variable(_ name: String) -> String? {
            getenv(name).map { String(cString: $0) }.flatMap { $0.hasPrefix("/") ? $0 : nil }
        }
        if let given = variable("RUNTIME_DIRECTORY") {
            let path = String(given.prefix { $0 != ":" })
            // For a DynamicUser= it is a link that systemd made.
            guard let resolved = realpath(path, nil) else { return path }
            defer { free(resolved) }
            return String(cString: resolved)
        }
        return variable("XDG_RUNTIME_DIR").map { "\($0)/fastdaemon" } ?? "/tmp/fastdaemon-\(geteuid())"
    }

    private static func open(_ folder: String) throws(IOError) -> Descriptor {
        do {
            try Trust.checkWay(to: folder)
        } catch {
            throw IOError("use", "the folder \(folder)", because: "\(error)")
        }
        _ = mkdir(folder, 0o700)
        let opened = Descriptor(
            owning: try check(
                clinux_open_at(clinux_here, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0), "open",
                "the folder \(folder)"))
        do {
            try Trust.check(opened, at: folder)
        } catch {
            throw IOError("use", "the folder \(folder)", because: "\(error)")
        }
        return opened
    }

    /// Of a fixed length, and without a slash: FNV-1a of the path.
    private static func name(of configuration: String) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in configuration.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return String(hash, radix: 16)
    }

    // MARK: - The files

    /// Takes what processes left behind that have ended, and removes it.
    ///
    /// - Parameter prefix: what the names of this config's files begin with. Others are removed where they say nothing.
    private static func collect(prefix: String, in folder: borrowing Descriptor) -> [CrashBlame] {
        names(in: folder).filter { $0.hasPrefix("running-") }.compactMap { name in
            let number = clinux_open_at(folder.number, name, O_RDWR | O_NOFOLLOW, 0)
            guard number >= 0 else { return nil }
            let file = Descriptor(owning: number)
            guard clinux_lock_file(file.number) == 0 else { return nil }
            var signal: Int32 = 0
            var text = [UInt8](repeating: 0, count: 16_384)
            let count = Int(clinux_crash_read(file.number, &signal, &text, text.count))
            guard name.hasPrefix(prefix) || count == 0 else { return nil }
            _ = unlinkat(folder.number, name, 0)
            return count > 0 && count <= text.count ? CrashBlame(Array(text.prefix(count)), signal: signal) : nil
        }
    }

    private static func names(in folder: borrowing Descriptor) -> [String] {
        guard let entries = fdopendir(clinux_duplicate(folder.number)) else { return [] }
        defer { closedir(entries) }
        var names: [String] = []
        while let entry = readdir(entries) {
            names.append(
                withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
        }
        return names
    }

    private static func contents(of name: String, in folder: borrowing Descriptor) -> [UInt8] {
        let number = clinux_open_at(folder.number, name, O_RDONLY | O_NOFOLLOW, 0)
        guard number >= 0 else { return [] }
        let file = Descriptor(owning: number)
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = clinux_read(file.number, &bytes, bytes.count)
        return Array(bytes.prefix(max(0, count)))
    }

    private static func keep(
        _ blames: [CrashBlame], as name: String, in folder: borrowing Descriptor, _ path: String
    ) throws(IOError) {
        let file = Descriptor(
            owning: try check(
                clinux_open_at(folder.number, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600), "write", path))
        let bytes = CrashBlame.bytes(of: blames)
        _ = try check(clinux_write(file.number, bytes, bytes.count), "write", path)
    }

    private static func makeTable(
        _ name: String, in folder: borrowing Descriptor, _ path: String
    ) throws(IOError) -> Descriptor {
        while true {
            let file = Descriptor(
                owning: try check(
                    clinux_open_at(folder.number, name, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600), "make",
                    "\(path)/\(name)"))
            // Another that starts may take it for one that was left behind, until it is locked.
            guard clinux_lock_file(file.number) == 0 else { continue }
            var (own, found) = (clinux_status(), clinux_status())
            _ = clinux_status_of(file.number, &own)
            guard clinux_status_at(folder.number, name, 0, &found) == 0, found.inode == own.inode else { continue }
            do {
                _ = try check(clinux_crash_begin(file.number), "use", "\(path)/\(name)")
            } catch {
                _ = unlinkat(folder.number, name, 0)
                throw error
            }
            return file
        }
    }
}
