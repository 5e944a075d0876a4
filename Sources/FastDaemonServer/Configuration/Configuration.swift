import FastDaemonHost
import FastDaemonIO

/// What a config file says, with the defaults filled in.
public struct Configuration: Sendable {
    /// The file's absolute path.
    public var file: String

    public var listeners: [ListenerConfiguration] = []

    /// The folder of the libraries, as an absolute path.
    public var pluginDirectory = ""

    public var plugins: [PluginConfiguration] = []
    public var limits = Limits()
    public var log = LogConfiguration()
}

/// One entry of `listen`.
public struct ListenerConfiguration: Sendable {
    /// How the strings of a request stand.
    public enum Dialect: String, Sendable, CaseIterable {
        /// The command line, then standard input.
        case standard

        /// Standard input, then the arguments joined by single spaces, for clients of the Python original.
        case classic
    }

    public var address: SocketAddress
    public var isDatagram: Bool
    public var dialect = Dialect.standard

    /// The permissions of a Unix socket's file.
    public var mode: UInt32 = 0o600

    /// Who besides root and the daemon's own user may connect to a Unix socket; nil for whomever the mode lets in.
    public var allowedUsers: Set<UInt32>?

    /// As people write it, and as the log names it.
    public var name: String {
        let transport = address.isUnix ? (isDatagram ? "unix datagram" : "unix") : (isDatagram ? "udp" : "tcp")
        return "\(transport) \(address)\(dialect == .classic ? " (classic)" : "")"
    }
}

/// One entry of `plugins`.
public struct PluginConfiguration: Sendable {
    /// Where in the file it stands, as in `plugins[2]`.
    public var keyPath: String
    public var library: String
    public var name: String?

    /// JSON text, an object.
    public var options = "{}"

    /// Where its commands run; nil for where each says it wants to.
    public var execution: PluginCommand.Execution?

    /// The most of its calls that run at once; nil for the limit that holds for every plugin.
    public var concurrency: Int?

    /// The commands that are served: the name callers use, and the plugin's own. Nil for all, under their own names.
    public var commands: [String: String]?
}

/// The section `log`.
public struct LogConfiguration: Sendable {
    public enum Format: String, Sendable, CaseIterable {
        case text
        case json
    }

    public var level = LogLevel.notice
    public var format = Format.text
}

/// The section `limits`. Bytes, seconds, counts.
public struct Limits: Sendable {
    public var recordBytes = 1 << 20
    public var commandNameBytes = 255
    public var datagramBytes = 60 << 10
    public var connections = 1024
    public var commands = 64
    public var commandsPerPlugin = 16
    public var waitingPerPlugin = 64
    public var firstRecordSeconds = 5.0
    public var recordSeconds = 5.0
    public var idleSeconds = 60.0
    public var replyBytes = 16 << 20
    public var bufferBytes = 256 << 20
    public var drainSeconds = 30.0
    public var backlog = 511

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
    ]

    static let seconds: [(key: String, path: WritableKeyPath<Limits, Double> & Sendable, range: ClosedRange<Double>)] =
        [
            ("firstRecordSeconds", \.firstRecordSeconds, 0.01...86_400),
            ("recordSeconds", \.recordSeconds, 0.01...86_400),
            ("idleSeconds", \.idleSeconds, 0.01...31_536_000),
            ("drainSeconds", \.drainSeconds, 0...86_400),
        ]

    static var keys: [String] { integers.map(\.key) + seconds.map(\.key) }
}
