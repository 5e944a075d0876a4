/// A plugin whose code ended the daemon, in whose process it ran, or held it up until it was ended.
public struct CrashBlame: Equatable, Sendable {
    /// The plugin, and its own name of the command; empty for what it did when it was loaded, `ownThread` for what a thread did that
    /// it had made.
    public var plugin, command: String

    /// The path of the library, and the digest of those of its bytes that are mapped.
    public var libraryPath, digest: String

    /// The signal; 0 where it called exit(3); negative where it did not crash, but held up an event loop until that signal came.
    public var signal: Int32

    /// No command is called this: names have no spaces.
    static let ownThread = "a thread of its own"

    /// As in "its command crash ended the daemon by SIGSEGV".
    public var description: String {
        let what =
            switch command {
            case "": "its start"
            case Self.ownThread: Self.ownThread
            default: "its command \(command)"
            }
        if signal < 0 { return "\(what) held up an event loop until \(WorkerEnd.name(of: -signal)) ended the daemon" }
        return "\(what) ended the daemon by \(signal == 0 ? "exit()" : WorkerEnd.name(of: signal))"
    }

    /// What stands in shared memory for a command: four strings, each with a zero byte after it.
    static func text(plugin: String, command: String, libraryPath: String, digest: String) -> [UInt8] {
        [plugin, command, libraryPath, digest].flatMap { Array($0.utf8) + [0] }
    }

    /// - Parameter text: as `text` makes it.
    init?(_ text: [UInt8], signal: Int32) {
        let strings = Self.strings(in: text)
        guard strings.count == 4 else { return nil }
        self.init(strings[...], signal: signal)
    }

    private init(_ strings: ArraySlice<String>, signal: Int32) {
        let first = strings.startIndex
        // A process that was going down wrote them.
        plugin = Printable.line(strings[first])
        command = Printable.line(strings[first + 1])
        libraryPath = strings[first + 2]
        digest = strings[first + 3]
        self.signal = signal
    }

    private static func strings(in bytes: [UInt8]) -> [String] {
        // What stands behind the last zero byte was not written to its end.
        bytes.split(separator: 0, omittingEmptySubsequences: false).dropLast().map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    // MARK: - Lists

    /// As it is kept in a file from one start to the next.
    static func bytes(of list: [CrashBlame]) -> [UInt8] {
        list.flatMap { blame in
            text(
                plugin: blame.plugin, command: blame.command, libraryPath: blame.libraryPath, digest: blame.digest)
                + Array("\(blame.signal)".utf8) + [0]
        }
    }

    /// What is left of a list that was not written to its end.
    static func list(in bytes: [UInt8]) -> [CrashBlame] {
        let strings = strings(in: bytes)
        return stride(from: 0, to: strings.count / 5 * 5, by: 5).compactMap { start in
            guard let signal = Int32(strings[start + 4]) else { return nil }
            return CrashBlame(strings[start..<start + 4], signal: signal)
        }
    }

    /// A list to which another is added: one for each version of a library, the newest at the end, and not more than are of use.
    static func list(_ list: [CrashBlame], adding blame: CrashBlame) -> [CrashBlame] {
        let others = list.filter { $0.libraryPath != blame.libraryPath || $0.digest != blame.digest }
        return others.suffix(63) + [blame]
    }
}
