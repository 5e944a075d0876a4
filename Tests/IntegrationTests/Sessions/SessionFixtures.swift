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

    /// A whole session.
    func run(_ words: String..., input: String = "") throws -> RawOutcome {
        try run(RawRequest(words: words.map { Array($0.utf8) }), input: Array(input.utf8))
    }

    /// A whole session.
    func run(_ request: RawRequest, input: [UInt8] = [], on socket: String = "socket") throws -> RawOutcome {
        try session(request, on: socket).finish(input: input)
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
