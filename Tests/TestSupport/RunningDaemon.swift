import Foundation

/// A daemon that serves. It is killed with this value, unless it was stopped before.
///
/// `@unchecked Sendable`: `condition` guards what changes.
public final class RunningDaemon: @unchecked Sendable {
    /// Where it runs.
    public let folder: DaemonFolder

    /// Its process.
    public let process: pid_t

    private let condition = NSCondition()
    private var lines: [String] = []
    private var result: ProgramResult?

    /// How long a test waits for a daemon, in seconds. It bounds a test that would hang, and is never waited out by one that
    /// passes.
    private static let patience = 60.0

    /// Starts a daemon, and returns once it serves.
    ///
    /// - Parameters:
    ///   - folder: Where it runs; left out, a folder of its own with the handlers that ship.
    ///   - openFiles: How many descriptors it may have.
    ///   - launcher: Words to put before the daemon's own, of a program that becomes the daemon.
    ///   - program: The daemon; left out, the one that was built for the tests.
    public convenience init(
        _ configuration: DaemonConfiguration = DaemonConfiguration(), in folder: DaemonFolder? = nil,
        openFiles: Int? = nil, launcher: [String] = [], program: String = builtProgram("fastdaemond")
    ) throws {
        let folder = try folder ?? DaemonFolder()
        try folder.write(configuration.text)
        try self.init(in: folder, openFiles: openFiles, launcher: launcher, program: program)
    }

    /// Starts a daemon on the config that is in `folder`, and returns once it serves.
    public convenience init(
        in folder: DaemonFolder, openFiles: Int? = nil, launcher: [String] = [],
        program: String = builtProgram("fastdaemond")
    ) throws {
        let limit = openFiles.map { ["/bin/sh", "-c", #"ulimit -n "$0" && exec "$@""#, "\($0)"] } ?? []
        try self.init(startingIn: folder, program: program, launcher: limit + launcher)
        try waitUntilReady()
    }

    /// Starts a daemon on the config that is in `folder`, and returns at once.
    ///
    /// - Parameters:
    ///   - program: The daemon; left out, the one that was built.
    ///   - launcher: Words to put before the daemon's own, of a program that becomes the daemon.
    ///   - environment: Variables besides those of this process.
    public init(
        startingIn folder: DaemonFolder, program: String = builtProgram("fastdaemond"), launcher: [String] = [],
        environment: [String: String] = [:]
    ) throws {
        self.folder = folder
        let words = launcher + [program, "--config", folder.configuration]
        // What it leaves behind for the next start is in its folder, and goes with that.
        let own = ProcessInfo.processInfo.environment.merging(["XDG_RUNTIME_DIR": folder.path]) { $1 }
        let running = try RunningProgram(
            words[0], Array(words.dropFirst()), environment: own.merging(environment) { $1 })
        process = running.id
        let keeper = Keeper(running)
        // Reads all the time: a daemon must not have to wait for somebody to read its log.
        Thread.detachNewThread { [weak self] in
            // A test may last, and a daemon be silent, for as long as they like.
            let day = 86_400.0
            var count = 0
            while let line = keeper.program.nextErrorLine(after: count, seconds: day) {
                count += 1
                self?.take(line)
            }
            let result = try? keeper.program.wait(seconds: day)
            self?.take(result)
        }
    }

    /// Waits until it serves.
    public func waitUntilReady() throws {
        guard waitForLine(where: { $0.contains(" notice: ready") || $0.contains(#""message":"ready""#) }) != nil else {
            throw TestFailure("the daemon is not ready: \(log.joined(separator: "\n"))")
        }
    }

    deinit {
        if result == nil { kill(process, SIGKILL) }
    }

    /// `@unchecked Sendable`: handed to one thread, and used by that one alone.
    private struct Keeper: @unchecked Sendable {
        let program: RunningProgram

        init(_ program: RunningProgram) {
            self.program = program
        }
    }

    private func take(_ line: String) {
        condition.withLock {
            lines.append(line)
            condition.broadcast()
        }
    }

    private func take(_ result: ProgramResult?) {
        condition.withLock {
            self.result = result ?? ProgramResult(status: .signalled(0), output: [], errors: [])
            condition.broadcast()
        }
    }

    // MARK: - Sockets

    /// Connects to its stream socket.
    public func connect(_ socket: String = "socket") throws -> RawPeer {
        try RawPeer(unix: folder.file(socket))
    }

    /// One request on a connection of its own.
    public func ask(_ line: String, input: String = "") throws -> Reply {
        try connect().ask(line, input: input)
    }

    /// The port that the kernel chose for the listener whose log line begins with `kind`, as in "tcp".
    public func port(of kind: String) throws -> UInt16 {
        let line = log.first { $0.contains("listening") && $0.contains("\(kind) ") }
        let digits = line?.split(separator: ":").last?.prefix { $0.isNumber }
        guard let port = digits.flatMap({ UInt16($0) }) else {
            throw TestFailure("it does not listen on \(kind): \(log)")
        }
        return port
    }

    // MARK: - The log

    /// What it has written to standard error, a line each.
    public var log: [String] { condition.withLock { lines } }

    /// Waits for a line of the log, and returns it; nil where the daemon ended, or does not write it.
    public func waitForLine(where isWanted: (String) -> Bool) -> String? {
        let deadline = Date(timeIntervalSinceNow: Self.patience)
        condition.lock()
        defer { condition.unlock() }
        var seen = 0
        while true {
            while seen < lines.count {
                if isWanted(lines[seen]) { return lines[seen] }
                seen += 1
            }
            if result != nil || !condition.wait(until: deadline) { return nil }
        }
    }

    // MARK: - The process

    /// Sends a signal.
    public func send(_ signal: Int32) {
        kill(process, signal)
    }

    /// Waits for its end.
    public func wait() throws -> ProgramResult {
        let deadline = Date(timeIntervalSinceNow: Self.patience)
        condition.lock()
        defer { condition.unlock() }
        while true {
            if let result { return result }
            if !condition.wait(until: deadline) {
                kill(process, SIGKILL)
                throw TestFailure("the daemon did not end: \(lines.joined(separator: "\n"))")
            }
        }
    }

    /// Stops it as an administrator would.
    public func stop() throws -> ProgramResult {
        send(SIGTERM)
        return try wait()
    }

    /// Its resident memory, in bytes; 0 under a sanitizer, which keeps memory of its own and what was freed, so that no bound on it
    /// tells anything.
    public var residentBytes: Int {
        if isSanitized { return 0 }
        let fields = (try? String(contentsOfFile: "/proc/\(process)/statm", encoding: .utf8))?.split(separator: " ")
        return (fields?.dropFirst().first.flatMap { Int($0) } ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// How many descriptors it has open.
    public var descriptorCount: Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd").count) ?? 0
    }

    /// Waits until it has no more than `most` descriptors open. Returns whether it came to that.
    public func waitForDescriptors(atMost most: Int) -> Bool {
        let watch = Stopwatch()
        while descriptorCount > most, watch.seconds < Self.patience { sched_yield() }
        return descriptorCount <= most
    }

    /// How much processor time it has used, in seconds.
    public var processorSeconds: Double {
        // proc(5), fields 14 and 15; the state is field 3.
        let fields = statFields(of: "\(process)")
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return 0 }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}
