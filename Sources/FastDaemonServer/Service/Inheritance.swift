/// The descriptors that a process was started with, and what each is for.
///
/// systemd tells by `$LISTEN_PID`, `$LISTEN_FDS` and `$LISTEN_FDNAMES` (sd_listen_fds(3)). A daemon that starts its successor
/// tells by `$FASTDAEMON_INHERIT`: the number of the successor's parent, and then `NUMBER=KIND`, or `NUMBER=activated=NAME`, each after
/// a colon. It cannot use systemd's form, because that needs the number of the process that is started.
struct Inheritance: Equatable {
    enum Kind: Equatable {
        /// A socket of the service manager's, by the name that this gave it.
        case activated(String)

        /// A socket that a daemon bound itself.
        case bound

        /// The lock of such a socket.
        case lock

        /// The channel on which the daemon that started this one waits to hear that this one is ready.
        case predecessor
    }

    struct Entry: Equatable {
        var number: Int32
        var kind: Kind
    }

    var entries: [Entry] = []

    /// The variable for a successor.
    static let variable = "FASTDAEMON_INHERIT"

    init(_ entries: [Entry] = []) {
        self.entries = entries
    }

    /// What systemd says: nothing, where it says it to another process.
    init(process: String?, count: String?, names: String?, own: Int32) {
        guard let process, Int32(process) == own, let count = count.flatMap({ Int32($0) }), (1...4096).contains(count)
        else { return }
        let names = names?.split(separator: ":", omittingEmptySubsequences: false).map(String.init) ?? []
        for index in 0..<count {
            let name = Int(index) < names.count && !names[Int(index)].isEmpty ? names[Int(index)] : "unknown"
            // The first three are the standard streams.
            entries.append(Entry(number: 3 + index, kind: .activated(name)))
        }
    }

    /// What a daemon says to its successor: nothing, where it says it to another process.
    init(text: String, parent: Int32) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.first.flatMap({ Int32($0) }) == parent else { return }
        for part in parts.dropFirst() {
            let fields = part.split(separator: "=", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count >= 2, let number = Int32(fields[0]), number > 2 else { continue }
            switch (fields[1], fields.count) {
            case ("activated", 3): entries.append(Entry(number: number, kind: .activated(String(fields[2]))))
            case ("bound", 2): entries.append(Entry(number: number, kind: .bound))
            case ("lock", 2): entries.append(Entry(number: number, kind: .lock))
            case ("predecessor", 2): entries.append(Entry(number: number, kind: .predecessor))
            default: continue
            }
        }
    }

    /// What to say to a successor.
    func text(parent: Int32) -> String {
        entries.reduce(into: "\(parent)") { text, entry in
            switch entry.kind {
            case .activated(let name): text += ":\(entry.number)=activated=\(name)"
            case .bound: text += ":\(entry.number)=bound"
            case .lock: text += ":\(entry.number)=lock"
            case .predecessor: text += ":\(entry.number)=predecessor"
            }
        }
    }
}
