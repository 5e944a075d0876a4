#if hasFeature(Embedded)
    import CClientStatic
#else
    import CClient
    import FastDaemonClient
#endif

/// The user's own folder for what lives as long as a login, closed to everybody else.
///
/// It is `fastdaemon` in `$XDG_RUNTIME_DIR`, or, where that cannot be used, `/tmp/fastdaemon-UID`.
struct RuntimeFolder {
    private let path: [UInt8]

    /// What a path in the folder may have beside the folder's, so that it still fits a Unix socket.
    private static let roomForName = 16

    /// Makes the folder where it is not there.
    init() throws(ClientError) {
        if let parent = Environment.folder("XDG_RUNTIME_DIR") {
            let path = parent + "/fastdaemon".utf8
            if path.count + Self.roomForName <= Int(CCLIENT_LONGEST_UNIX_PATH), Self.make(path) >= 0 {
                self.path = path
                return
            }
        }
        let path = Array("/tmp/fastdaemon-\(cclient_user())".utf8)
        let result = Self.make(path)
        if result == -CCLIENT_EPERM {
            throw .noDaemon(
                [
                    "cannot start a daemon: ", text(path),
                    " has to be your own folder, of mode 0700; remove it, or set $XDG_RUNTIME_DIR to a folder of yours",
                ])
        }
        guard result >= 0 else { throw .cannotStart("cannot make ", path, result) }
        self.path = path
    }

    private static func make(_ path: [UInt8]) -> Int {
        withTerminated(path) { cclient_make_private_folder($0) }
    }

    /// The path of a file in the folder.
    func file(_ name: String) -> [UInt8] {
        path + "/".utf8 + name.utf8
    }

    /// Waits for the lock of those who start a daemon. It is held until the descriptor is closed.
    func lock() throws(ClientError) -> Int32 {
        let path = file("start.lock")
        let lock = withTerminated(path) { cclient_lock($0) }
        guard lock >= 0 else { throw .cannotStart("cannot lock ", path, lock) }
        return Int32(lock)
    }
}

/// The file that a started daemon writes its log to, open to add to.
struct DaemonLog: ~Copyable {
    let path: [UInt8]
    let descriptor: Int32
    private let start: Int

    /// How much of the log is shown, in bytes.
    private static let most = 2048

    /// Opens `fastdaemon/fastdaemond.log` in `$XDG_STATE_HOME`, which is `~/.local/state` where it is not set; where that
    /// cannot be done, a file in the runtime folder.
    init(in folder: RuntimeFolder) throws(ClientError) {
        var size = 0
        let state =
            Environment.folder("XDG_STATE_HOME") ?? Environment.folder("HOME").map { $0 + "/.local/state".utf8 }
        if let state {
            let path = state + "/fastdaemon/fastdaemond.log".utf8
            let log = withTerminated(path) { cclient_open_log($0, &size) }
            if log >= 0 {
                (self.path, descriptor, start) = (path, Int32(log), size)
                return
            }
        }
        let path = folder.file("fastdaemond.log")
        let log = withTerminated(path) { cclient_open_log($0, &size) }
        guard log >= 0 else { throw .cannotStart("cannot open the log ", path, log) }
        (self.path, descriptor, start) = (path, Int32(log), size)
    }

    deinit {
        cclient_close(descriptor)
    }

    /// Its path, as messages show it.
    var name: String { text(path) }

    /// What was added to the log since it was opened, or the end of that, as a message goes on with it.
    func lastLines() -> String {
        var bytes = [UInt8](repeating: 0, count: Self.most)
        var isCut = false
        let count = bytes.withUnsafeMutableBytes {
            cclient_read_end(descriptor, $0.baseAddress!, $0.count, start, &isCut)
        }
        var lines = bytes[..<max(count, 0)]
        if isCut {
            // It begins within a line.
            lines = lines.drop { $0 != UInt8(ascii: "\n") }.dropFirst()
        }
        while lines.last == UInt8(ascii: "\n") { lines = lines.dropLast() }
        return lines.isEmpty
            ? "; its log is " + text(path) : "; the end of its log, " + text(path) + ":\n" + text(lines)
    }
}

/// Calls `body` with `bytes` and the NUL that ends a C string.
func withTerminated<Result>(_ bytes: [UInt8], _ body: (UnsafePointer<CChar>) -> Result) -> Result {
    (bytes + [0]).withUnsafeBytes { body($0.baseAddress!.assumingMemoryBound(to: CChar.self)) }
}
