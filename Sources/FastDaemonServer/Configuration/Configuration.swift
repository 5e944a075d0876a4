import FastDaemonHost
import FastDaemonIO

/// What a config file says, with the defaults filled in.
public struct Configuration: Sendable {
    /// The file's absolute path.
    var file: String

    var listeners: [ListenerConfiguration] = []

    /// The folder of the libraries, as an absolute path.
    var pluginDirectory = ""

    var plugins: [PluginConfiguration] = []
    var limits = Limits()
    var log = LogConfiguration()

    /// How many event loops share the connections; 0 for one a core.
    var loops = 0

    /// The same as a number of loops.
    var loopCount: Int { loops > 0 ? loops : EventLoopGroup.coreCount }

    /// Whether a change of the file, or of the folder of the libraries, has it read again.
    var watch = false

    /// How long the daemon goes on with nothing to do before it stops by itself; 0 for ever.
    var idleExitSeconds = 0.0

    /// How many descriptors all that it allows may take at once: connections, those that are being turned away, directories of calls,
    /// and plugins.
    var descriptors: Int {
        plugins.reduce(limits.connections + 2 * limits.commands + 256) { $0 + $1.descriptors }
    }
}

/// One entry of `listen`.
struct ListenerConfiguration: Sendable {
    /// How the strings of a request stand.
    enum Dialect: String, Sendable, CaseIterable {
        /// The command line, then standard input.
        case standard

        /// Standard input, then the arguments joined by single spaces, for clients of the Python original.
        case classic
    }

    /// Where; for a socket of the service manager's, which `activation` names, not known before it was found.
    var address: SocketAddress
    var isDatagram: Bool
    var dialect = Dialect.standard

    /// The name by which the service manager passes the socket, where it opens it (`systemd`).
    var activation: String?

    /// Whether an address may be one that other machines can reach.
    var allowsRemote = false

    /// The permissions of a Unix socket's file.
    var mode: UInt32 = 0o600

    /// Who besides root and the daemon's own user may connect to a Unix socket; nil for whomever the mode lets in.
    var allowedUsers: Set<UInt32>?

    /// Whether both are for one socket.
    func isSamePlace(as other: ListenerConfiguration) -> Bool {
        isDatagram == other.isDatagram && address.isSame(as: other.address)
    }

    /// As people write it, and as the log names it.
    var name: String {
        let transport = address.isUnix ? (isDatagram ? "unix datagram" : "unix") : (isDatagram ? "udp" : "tcp")
        let place = address.isNameless && activation != nil ? "socket" : "\(transport) \(address)"
        return place + (activation.map { " (systemd \($0))" } ?? "") + (dialect == .classic ? " (classic)" : "")
    }
}

/// One entry of `plugins`.
struct PluginConfiguration: Sendable {
    /// Where in the file it stands, as in `plugins[2]`.
    var keyPath: String
    var library: String
    var name: String?

    /// JSON text, an object.
    var options = "{}"

    /// Where its commands run; nil for where each says it wants to.
    var execution: PluginCommand.Execution?

    /// Why they run in worker processes although the file does not say so; nil where it does, or they do not.
    var confinement: String?

    /// The most of its calls that run at once; nil for the limit that holds for every plugin.
    var concurrency: Int?

    /// How many processes serve its commands of the class `process`.
    var workers = 2

    /// After how many calls such a process is replaced; 0 for never.
    var callsPerWorker = 10_000

    /// How long each of its calls may take; nil for as long as it likes.
    var timeoutSeconds: Double?

    /// The commands that are served: the name callers use, and the plugin's own. Nil for all, under their own names.
    var commands: [String: String]?

    /// How many descriptors it may take. Whether it has worker processes is known only once it is loaded, so it is taken for one that
    /// has: a copy of its library, two for the pool, two for each process, one for each call that runs there. At a reload its
    /// successor has as many before it has let go of its own. Where single commands have workers, their calls are among
    /// `limits.commands`.
    var descriptors: Int { 2 * (3 + 2 * workers + (concurrency ?? workers)) }
}

/// The section `log`.
struct LogConfiguration: Sendable {
    enum Format: String, Sendable, CaseIterable {
        case text
        case json
    }

    var level = LogLevel.notice
    var format = Format.text
}

extension LogLevel {
    /// As the config names it. Spelled out, because the first look at a type's own names costs a millisecond of each start.
    var name: String {
        switch self {
        case .error: "error"
        case .warning: "warning"
        case .notice: "notice"
        case .info: "info"
        case .debug: "debug"
        }
    }
}

/// The section `limits`. Bytes, seconds, counts.
struct Limits: Sendable {
    var recordBytes = 1 << 20
    var commandNameBytes = 255
    var datagramBytes = 60 << 10
    var connections = 1024
    var commands = 64
    var commandsPerPlugin = 16
    var waitingPerPlugin = 64
    var firstRecordSeconds = 5.0
    var recordSeconds = 5.0
    var idleSeconds = 60.0
    var sessionIdleSeconds = 1800.0
    var replyBytes = 16 << 20
    var bufferBytes = 256 << 20
    var drainSeconds = 30.0
    var backlog = 511
    var graceSeconds = 1.0
    var workerMemoryBytes = 1 << 30
    var workerIdleMemoryBytes = 256 << 20
    var workerDescriptors = 256

    /// Each limit by its key, with what a file may set it to.
    static let integers: [(key: String, path: WritableKeyPath<Limits, Int> & Sendable, range: ClosedRange<Int>)] = [
        ("recordBytes", \.recordBytes, 64...(1 << 30)),
        ("commandNameBytes", \.commandNameBytes, 1...255),
        ("datagramBytes", \.datagramBytes, 64...65_507),
        ("connections", \.connections, 1...1_000_000),
        ("commands", \.commands, 1...10_000),
        ("commandsPerPlugin", \.commandsPerPlugin, 1...10_000),
        ("waitingPerPlugin", \.waitingPerPlugin, 0...1_000_000),
        ("replyBytes", \.replyBytes, 64...(1 << 30)),
        ("bufferBytes", \.bufferBytes, (1 << 20)...(1 << 40)),
        ("backlog", \.backlog, 1...65_535),
        ("workerMemoryBytes", \.workerMemoryBytes, (32 << 20)...(1 << 44)),
        ("workerIdleMemoryBytes", \.workerIdleMemoryBytes, (1 << 20)...(1 << 44)),
        ("workerDescriptors", \.workerDescriptors, 32...1_000_000),
    ]

    static let seconds: [(key: String, path: WritableKeyPath<Limits, Double> & Sendable, range: ClosedRange<Double>)] =
        [
            ("firstRecordSeconds", \.firstRecordSeconds, 0.01...86_400),
            ("recordSeconds", \.recordSeconds, 0.01...86_400),
            ("idleSeconds", \.idleSeconds, 0.01...31_536_000),
            ("sessionIdleSeconds", \.sessionIdleSeconds, 0.01...31_536_000),
            ("drainSeconds", \.drainSeconds, 0...86_400),
            ("graceSeconds", \.graceSeconds, 0.01...3600),
        ]

    static var keys: [String] { integers.map(\.key) + seconds.map(\.key) }
}
