import Foundation

/// A folder in which a daemon can start: a config, a plugin folder, room for sockets.
public final class DaemonFolder: Sendable {
    private let folder: TemporaryFolder

    /// The folder's path.
    public var path: String { folder.path }

    /// Makes the folder, with these of the built libraries in its `plugins`.
    ///
    /// - Parameter libraries: Names such as "Echo".
    public init(libraries: [String] = ["Echo", "Wait", "Count"]) throws {
        folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: file("plugins"), withIntermediateDirectories: false)
        chmod(file("plugins"), 0o755)
        for library in libraries {
            try install(builtProgram("lib\(library).so"), as: "lib\(library).so")
        }
    }

    /// The path of `name` in the folder; nothing is made there.
    public func file(_ name: String) -> String { folder.file(name) }

    /// The path of the config.
    public var configuration: String { file("config.json") }

    /// The path of a library in the plugin folder.
    public func library(_ name: String) -> String { file("plugins/\(name)") }

    /// Copies a library into the plugin folder.
    public func install(_ source: String, as name: String) throws {
        try FileManager.default.copyItem(atPath: source, toPath: library(name))
        chmod(library(name), 0o755)
    }

    /// Writes the config in one step: whoever reads it, such as a daemon that watches, finds the one or the other.
    public func write(_ text: String) throws { try write(Data(text.utf8)) }

    /// Writes the config, whatever its bytes are.
    public func write(_ bytes: Data) throws {
        let new = file("config.json.new")
        try bytes.write(to: URL(filePath: new))
        chmod(new, 0o644)
        guard rename(new, configuration) == 0 else { throw TestFailure("cannot replace the config") }
    }

    /// Writes the config, and returns the folder.
    public func with(_ configuration: DaemonConfiguration) throws -> DaemonFolder {
        try write(configuration.text)
        return self
    }

    /// Runs the daemon to its end on this folder's config, and fails where it does not end.
    public func runDaemon(_ words: String...) throws -> ProgramResult {
        try run(builtProgram("fastdaemond"), ["--config", configuration] + words, seconds: 30)
    }
}

/// The text of a config, put together from its sections.
public struct DaemonConfiguration: Sendable {
    /// The listeners, a JSON object each.
    public var listen: [String]
    /// The plugins: a JSON object each, or just the name of a library such as "Echo".
    public var plugins: [String]
    /// The limits, such as `["idleSeconds": 0.5]`.
    public var limits: [String: Double]
    /// The level of the log.
    public var level: String
    /// The format of the log.
    public var format: String
    /// What else the config says, each as JSON, such as `["loops": "1"]`.
    public var others: [String: String]

    /// A config that serves the given plugins on a Unix socket named "socket".
    public init(
        listen: [String] = [#"{ "unix": "socket" }"#], plugins: [String] = ["Echo", "Wait", "Count"],
        limits: [String: Double] = [:], level: String = "notice", format: String = "text",
        others: [String: String] = [:]
    ) {
        self.listen = listen
        self.plugins = plugins
        self.limits = limits
        self.level = level
        self.format = format
        self.others = others
    }

    /// Whether plugins that are given by name alone are served from worker processes: so a test of what holds for any command
    /// can be run once more; with `FASTDAEMON_TEST_WORKERS=1` all are.
    @TaskLocal public static var usesWorkers =
        ProcessInfo.processInfo.environment["FASTDAEMON_TEST_WORKERS"] == "1"

    /// As many calls as a plugin has in the daemon itself.
    private var calls: Int { Int(limits["commandsPerPlugin"] ?? 16) }

    /// The config as JSON.
    public var text: String {
        let workers = Self.usesWorkers ? #", "execution": "process", "concurrency": \#(calls)"# : ""
        let plugins = plugins.map { $0.hasPrefix("{") ? $0 : #"{ "library": "lib\#($0).so"\#(workers) }"# }
        let limits = limits.map { name, value in
            "\"\(name)\": \(value == value.rounded() ? "\(Int(value))" : "\(value)")"
        }
        let others = others.map { name, value in "  \"\(name)\": \(value),\n" }.joined()
        return """
            {
            \(others)\
              "listen": [ \(listen.joined(separator: ", ")) ],
              "pluginDirectory": "plugins",
              "plugins": [ \(plugins.joined(separator: ", ")) ],
              "limits": { \(limits.joined(separator: ", ")) },
              "log": { "level": "\(level)", "format": "\(format)" }
            }
            """
    }
}
