import Foundation
import TestSupport
import Testing

/// A daemon whose program can be replaced.
struct Upgradable {
    let folder: DaemonFolder
    let daemon: RunningDaemon
    var program: String { folder.file("fastdaemond") }

    init(_ configuration: DaemonConfiguration = DaemonConfiguration(), environment: [String: String] = [:]) throws {
        folder = try DaemonFolder().with(configuration)
        try Self.install(builtProgram("fastdaemond"), at: folder.file("fastdaemond"))
        daemon = try RunningDaemon(
            startingIn: folder, program: folder.file("fastdaemond"), environment: environment)
        try daemon.waitUntilReady()
    }

    /// Not copied by this process: a program that another thread starts could inherit the descriptor that is written to, and
    /// a file that is open for writing is not run.
    static func install(_ source: String, at path: String) throws {
        #expect(try run("/usr/bin/env", ["install", "-m", "755", source, path]).status == .exited(0))
    }

    func replaceProgram(with script: String) throws {
        let source = folder.file("script")
        try Data(script.utf8).write(to: URL(filePath: source))
        try Self.install(source, at: program)
    }

    /// Tells it, and returns the process of the one that takes over.
    func upgrade() throws -> pid_t {
        let before = daemon.log
        daemon.send(SIGUSR2)
        let begins = try #require(
            daemon.waitForLine { $0.contains("an upgrade begins") && !before.contains($0) })
        let process = try #require(begins.split(separator: "=").last.flatMap { pid_t($0) })
        try #require(daemon.waitForLine { $0.contains("the new daemon serves") } != nil, "\(daemon.log)")
        return process
    }

    /// Tells it to hand over to a program that never gets ready, and returns the process of that.
    func beginUpgradeToNothing() throws -> pid_t {
        try replaceProgram(with: "#!/bin/sh\nexec sleep 60\n")
        daemon.send(SIGUSR2)
        let line = try #require(daemon.waitForLine { $0.contains("an upgrade begins") })
        return try #require(line.split(separator: "=").last.flatMap { pid_t($0) })
    }

    /// Ends the successor, whose log is the same stream, and returns how the first ended.
    func end(_ successor: pid_t) throws -> ProgramResult {
        kill(successor, SIGTERM)
        return try daemon.wait()
    }
}
