import Foundation

/// Daemons that clients start in a folder of its own. They are killed with this value.
public final class StartedDaemons {
    /// Where their config is, and their sockets.
    public let folder: DaemonFolder

    /// Makes the folder, with a config that listens at `socket`.
    public init() throws {
        folder = try DaemonFolder()
        try folder.write(DaemonConfiguration().text)
        try FileManager.default.createDirectory(atPath: file("run"), withIntermediateDirectories: false)
    }

    deinit { stop() }

    /// The path of the socket that the config names.
    public var socket: String { file("socket") }

    /// The path of `name` in the folder.
    public func file(_ name: String) -> String { folder.file(name) }

    /// Starts a program for which the folder is where everything is kept.
    ///
    /// - Parameter environment: What else to set, and, with `nil`, to take away.
    public func program(
        _ path: String, _ words: [String], input: ProgramInput = .bytes([]), environment: [String: String?] = [:]
    ) throws -> RunningProgram {
        var variables = ProcessInfo.processInfo.environment
        variables["FASTDAEMON_CONFIG"] = folder.configuration
        variables["XDG_RUNTIME_DIR"] = file("run")
        variables["XDG_STATE_HOME"] = file("state")
        for (name, value) in environment { variables[name] = value }
        return try RunningProgram(path, words, input: input, environment: variables)
    }

    /// Starts the forwarder.
    public func client(_ words: [String]) throws -> RunningProgram {
        try program(builtProgram("fastdaemon_client"), words)
    }

    /// Runs the forwarder to its end.
    public func runClient(_ words: [String], environment: [String: String?] = [:]) throws -> ProgramResult {
        try program(builtProgram("fastdaemon_client"), words, environment: environment).wait(seconds: 30)
    }

    /// The log of the daemons that were started.
    public var log: String {
        (try? String(contentsOfFile: file("state/fastdaemon/fastdaemond.log"), encoding: .utf8)) ?? ""
    }

    /// Waits until the log is as wanted. Returns whether it came to that.
    public func waitForLog(_ isWanted: (String) -> Bool) -> Bool {
        let watch = Stopwatch()
        while !isWanted(log) {
            if watch.seconds > 15 { return false }
            sched_yield()
        }
        return true
    }

    /// The processes of the daemons that were started: those whose environment names this folder, as that of no other daemon
    /// does.
    public var processes: [pid_t] {
        let variables = ["FASTDAEMON_CONFIG=" + folder.configuration, "XDG_RUNTIME_DIR=" + file("run")].map {
            Data("\($0)\0".utf8)
        }
        let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return all.compactMap { pid_t($0) }.filter { process in
            let name = try? String(contentsOfFile: "/proc/\(process)/comm", encoding: .utf8)
            let environment = FileManager.default.contents(atPath: "/proc/\(process)/environ") ?? Data()
            return name == "fastdaemond\n" && variables.contains { environment.range(of: $0) != nil }
        }
    }

    /// Kills them, and waits until they are gone.
    public func stop() {
        while case let left = processes, !left.isEmpty {
            for process in left { kill(process, SIGKILL) }
            sched_yield()
        }
    }
}
