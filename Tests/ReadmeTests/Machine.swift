import Foundation
import TestSupport
import Testing

/// A systemd that runs what `make install` installed, as the first process of namespaces of its own: see `Tests/machine.sh`.
final class Machine {
    /// Whether one can be booted here: that takes root, who may make namespaces, mounts and control groups. A container often
    /// has a root who may not.
    static let isPossible: Bool = {
        guard FileManager.default.isExecutableFile(atPath: "/usr/lib/systemd/systemd") else { return false }
        return (try? TestSupport.run(script, ["--possible"]))?.status == .exited(0)
    }()

    private static let script = repository.appending(path: "Tests/machine.sh").path

    private let folder: TemporaryFolder

    /// Holds what was installed, which is not copied.
    private let clone: Clone
    private let script: RunningProgram
    private let process: pid_t

    /// What it runs for as long as this process holds it.
    private var alive: Int32?

    /// Installs what was built, and boots.
    ///
    /// - Parameters:
    ///   - fixtures: plugins of `Tests/FixturePlugins` that stand beside those that ship, and their macros.
    ///   - configuration: the config, where that is not to be the one that was installed.
    init(fixtures: [String: [String]] = [:], configuration: String? = nil) throws {
        folder = try TemporaryFolder()
        clone = try Clone(of: Readme())
        let stage = clone.surroundings.file("stage")
        let made = try TestSupport.run(
            "/usr/bin/env", ["-C", clone.path, "make", "--silent", "install", "SWIFT=true", "DESTDIR=\(stage)"],
            environment: userEnvironment)
        try #require(made.status == .exited(0), "\(made.outputText)\(made.errorText)")
        for (name, definitions) in fixtures {
            try FixturePlugin(name).build(
                in: stage + "/usr/local/lib/fastdaemon/plugins", with: #require(Compiler.c), definitions: definitions)
        }
        if let configuration {
            try configuration.write(
                toFile: stage + "/etc/fastdaemon/fastdaemon.json", atomically: false, encoding: .utf8)
        }
        try #require(mkfifo(folder.file("alive"), 0o600) == 0)
        let alive = open(folder.file("alive"), O_RDWR | O_CLOEXEC)
        self.alive = alive
        let manager = try NoticeReceiver(at: folder.file("notify"))
        script = try RunningProgram(Self.script, [stage, folder.path])
        guard let process = script.nextErrorLine().flatMap({ pid_t($0) }), manager.next(with: "READY=1") != nil else {
            close(alive)
            throw TestFailure("no systemd was booted: \(try script.wait().errorText)")
        }
        self.process = process
    }

    /// Ends it, and sees that nothing is left of it: neither a process nor a control group.
    func end() throws {
        if let alive { close(alive) }
        alive = nil
        let result = try script.wait()
        #expect(result.status == .exited(0), "\(result.errorText)")
        #expect(!isAlive(process))
    }

    deinit {
        if let alive { close(alive) }
    }

    /// Where a file of its own is found from outside.
    func path(_ file: String) -> String { "/proc/\(process)/root\(file)" }

    /// Writes a file of its own.
    func write(_ text: String, to file: String) throws {
        let folder = URL(filePath: path(file)).deletingLastPathComponent()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try text.write(toFile: path(file), atomically: false, encoding: .utf8)
    }

    /// Runs a program in it, as root or as its only user, and returns what that printed.
    @discardableResult
    func run(_ words: [String], asUser: Bool = false) throws -> String {
        var all = ["nsenter", "--target", "\(process)", "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup"]
        all += ["env", "-i", "PATH=/usr/local/bin:/usr/bin:/usr/sbin"]
        if asUser {
            all += ["XDG_RUNTIME_DIR=/run/user/1000", "setpriv", "--reuid=1000", "--regid=1000", "--clear-groups"]
        }
        let result = try TestSupport.run("/usr/bin/env", all + words)
        #expect(result.status == .exited(0), "\(words): \(result.outputText)\(result.errorText)")
        return result.outputText
    }

    /// Runs a program in it as root, and returns what that printed.
    @discardableResult
    func run(_ words: String...) throws -> String { try run(words) }

    /// A property of the service, as systemd knows it.
    func property(_ name: String, asUser: Bool = false) throws -> String {
        let manager = asUser ? "--user" : "--system"
        return try run(
            ["systemctl", manager, "show", "--property=\(name)", "--value", "fastdaemon.service"], asUser: asUser
        ).trimmingCharacters(in: .newlines)
    }

    /// Waits until a property of the service is as it should be.
    func wait(
        until name: String, asUser: Bool = false, sourceLocation: SourceLocation = #_sourceLocation,
        _ isRight: (String) -> Bool
    ) throws {
        let watch = Stopwatch()
        var value = try property(name, asUser: asUser)
        while !isRight(value) {
            try #require(watch.seconds < 30, "\(name) is \(value)\n\(log)", sourceLocation: sourceLocation)
            value = try property(name, asUser: asUser)
        }
    }

    /// What the daemon wrote, and what systemd says of it.
    var log: String {
        let words = ["journalctl", "--no-pager", "--output=cat", "--unit=fastdaemon.service"]
        return (try? run(words)) ?? "there is no log"
    }

    /// Waits until the log has a text.
    func waitForLog(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let watch = Stopwatch()
        while !log.contains(text) { try #require(watch.seconds < 30, "\(log)", sourceLocation: sourceLocation) }
    }

    /// Connects to a socket of its own.
    func connect(_ socket: String = "/run/fastdaemon.sock") throws -> RawPeer { try RawPeer(unix: path(socket)) }
}
