#if hasFeature(Embedded)
    import CClientStatic
#else
    import CClient
    import FastDaemonClient
    import FastDaemonProtocol
#endif

/// A folder of the user's own, closed to everybody else, and open.
struct OwnFolder: ~Copyable {
    let path: [UInt8]
    let descriptor: Int32

    /// Opens the folder for what lives as long as a login: `fastdaemon` in `$XDG_RUNTIME_DIR`, or, where that cannot be used,
    /// `/tmp/fastdaemon-UID`.
    static func runtime() throws(ClientError) -> OwnFolder {
        var result = 0
        if let parent = Environment.folder("XDG_RUNTIME_DIR"),
            let folder = OwnFolder(parent, "/fastdaemon", &result)
        {
            return folder
        }
        let name: ByteText = "/fastdaemon-\(Int(cclient_user()))"
        if let folder = OwnFolder(("/tmp" as ByteText).bytes, name, &result) {
            return folder
        }
        if result == -CCLIENT_EPERM {
            throw .noDaemon(
                """
                cannot start a daemon: /tmp\(name) has to be your own folder, of mode 0700; remove it, or set \
                $XDG_RUNTIME_DIR to a folder of yours
                """)
        }
        throw .cannotStart("cannot make /tmp\(name)", result)
    }

    /// Opens the folder for what stays: `fastdaemon` in `$XDG_STATE_HOME`, which is `~/.local/state` where it is not set.
    static func state() -> OwnFolder? {
        var result = 0
        if let parent = Environment.folder("XDG_STATE_HOME") {
            return OwnFolder([], "\(parent)/fastdaemon", &result)
        }
        return Environment.folder("HOME").flatMap { OwnFolder($0, "/.local/state/fastdaemon", &result) }
    }

    /// Makes what is not there of the folder `name` below `parent`; `nil` where it cannot be used.
    private init?(_ parent: [UInt8], _ name: ByteText, _ result: inout Int) {
        path = parent + name.bytes
        result = withTerminated(path) { cclient_open_folder($0, parent.count) }
        guard result >= 0 else { return nil }
        descriptor = Int32(result)
    }

    deinit {
        cclient_close(descriptor)
    }
}

/// The file that a started daemon writes its log to, open to add to.
struct DaemonLog: ~Copyable {
    let path: [UInt8]
    let descriptor: Int32
    private let start: Int

    /// How much of the log is shown, in bytes.
    private static let most = 2048

    /// Opens `fastdaemond.log` in the folder for what stays; where that cannot be done, in the runtime folder.
    init(orIn folder: borrowing OwnFolder) throws(ClientError) {
        var size = 0
        var path = folder.path
        var log = -CCLIENT_ENOENT
        if let state = OwnFolder.state() {
            log = cclient_open_log(state.descriptor, &size)
            if log >= 0 { path = state.path }
        }
        if log < 0 { log = cclient_open_log(folder.descriptor, &size) }
        self.path = path + ("/fastdaemond.log" as ByteText).bytes
        guard log >= 0 else { throw .cannotStart("cannot open the log \(self.path)", log) }
        (descriptor, start) = (Int32(log), size)
    }

    deinit {
        cclient_close(descriptor)
    }

    /// What was added to the log since it was opened, or the end of that, as a message goes on with it.
    func lastLines() -> ByteText {
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
        return lines.isEmpty ? "; its log is \(path)" : "; the end of its log, \(path):\n\(Array(lines))"
    }
}

/// Calls `body` with `bytes` and the NUL that ends a C string.
func withTerminated<Result>(_ bytes: [UInt8], _ body: (UnsafePointer<CChar>) -> Result) -> Result {
    (bytes + [0]).withUnsafeBytes { body($0.baseAddress!.assumingMemoryBound(to: CChar.self)) }
}
