import Foundation
import TestSupport

/// The commands that sessions are tried with, compiled once for all tests.
private struct SessionPlugins {
    static let names = ["session_tools", "session_events", "inspect", "inline_input", "later"]
    static let compiled = Result { try SessionPlugins() }

    private let folder: TemporaryFolder

    private init() throws {
        folder = try TemporaryFolder()
        guard let compiler = Compiler.c else { throw TestFailure("cc, which build-essential has, is not installed") }
        for name in Self.names { try FixturePlugin(name).build(in: folder.path, with: compiler) }
    }

    func install(in daemon: DaemonFolder) throws {
        for name in Self.names {
            let library = FixturePlugin(name).libraryName
            try daemon.install(folder.file(library), as: library)
        }
    }
}

extension RunningDaemon {
    /// A daemon that serves `session_tools.c`, `session_events.c`, `inspect.c`, `inline_input.c` and `later.c` beside the
    /// handlers that ship.
    convenience init(forSessions configuration: DaemonConfiguration) throws {
        let folder = try DaemonFolder()
        try SessionPlugins.compiled.get().install(in: folder)
        var configuration = configuration
        for name in SessionPlugins.names where !configuration.plugins.contains(where: { $0.contains(name) }) {
            configuration.plugins.append(name)
        }
        try self.init(configuration, in: folder)
    }

    /// A connection that has sent nothing yet.
    func rawSession(_ socket: String = "socket") throws -> RawSession {
        RawSession(try connect(socket))
    }

    /// Sends a request over a connection of its own, and receives the server's HELLO.
    func session(_ request: RawRequest, on socket: String = "socket") throws -> RawSession {
        let peer = try rawSession(socket)
        try peer.send(request)
        try peer.receiveHello()
        return peer
    }

    /// A whole session.
    func run(_ words: String..., input: String = "") throws -> RawOutcome {
        try run(RawRequest(words: words.map { Array($0.utf8) }), input: Array(input.utf8))
    }

    /// A whole session.
    func run(_ request: RawRequest, input: [UInt8] = [], on socket: String = "socket") throws -> RawOutcome {
        try session(request, on: socket).finish(input: input)
    }
}

/// What `daemon status --json` says.
struct DaemonStatus: Decodable {
    struct Command: Decodable {
        struct Totals: Decodable {
            var calls: Int
            var failures: Int
            var refusals: Int
            var bytesIn: Int
            var bytesOut: Int
        }
        var name: String
        var plugin: String
        var execution: String
        var running: Int
        var waiting: Int
        var cancelled: Int
        var overdue: Int
        var totals: Totals
    }
    var version: String
    var process: Int32
    var uptimeSeconds: Double
    var loops: Int
    var connections: Int
    var residentBytes: Int
    var bufferBytes: Int
    var commands: [Command]

    /// A command's part.
    subscript(_ name: String) -> Command? { commands.first { $0.name == name } }

    /// Whether nothing runs, and nobody is connected but the one who asked.
    var isIdle: Bool {
        connections == 1 && commands.allSatisfy { ($0.running == 0 || $0.name == "daemon") && $0.waiting == 0 }
    }
}

extension RunningDaemon {
    /// What it says of itself.
    func status() throws -> DaemonStatus {
        try JSONDecoder().decode(DaemonStatus.self, from: Data(ask("daemon status --json").output.utf8))
    }

    /// Asks until the status is as wanted.
    func waitForStatus(_ what: String, where isWanted: (DaemonStatus) -> Bool) throws {
        let watch = Stopwatch()
        while true {
            let status = try status()
            if isWanted(status) { return }
            guard watch.seconds < 10 else {
                let busy = status.commands.filter { $0.running + $0.waiting > 0 }
                throw TestFailure(
                    "\(what): not within 10 s; \(status.connections) connections, \(busy)\n\(log.joined(separator: "\n"))"
                )
            }
        }
    }

    /// Asks until every slot and every connection is free.
    func waitUntilIdle() throws {
        try waitForStatus("the daemon is idle", where: \.isIdle)
    }
}

/// A FIFO at which a handler of `session_tools.c` waits.
struct Gate {
    /// Its path.
    let path: String

    /// Makes it in a daemon's folder.
    init(_ name: String = "gate", of daemon: RunningDaemon) throws {
        path = daemon.folder.file(name)
        guard mkfifo(path, 0o600) == 0 else { throw TestFailure("cannot make \(path)") }
    }

    /// One that was made already.
    init(at path: String) {
        self.path = path
    }

    /// Waits for a handler at it, and lets that one go on.
    func open() throws {
        let watch = Stopwatch()
        while true {
            let descriptor = Glibc.open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
            if descriptor >= 0 {
                close(descriptor)
                return
            }
            guard errno == ENXIO, watch.seconds < 10 else { throw TestFailure("nobody waits at \(path)") }
            sched_yield()
        }
    }
}
