import Foundation
import TestSupport

extension DaemonFolder {
    /// Builds plugins of `Tests/FixturePlugins` into the plugin folder.
    func build(_ fixtures: String...) throws {
        guard let compiler = Compiler.c else { throw TestFailure("cc, which build-essential has, is not installed") }
        for name in fixtures {
            let library = try FixturePlugin(name).build(in: file("plugins"), with: compiler)
            chmod(library, 0o755)
        }
    }
}

extension RunningDaemon {
    /// A daemon that serves plugins of `Tests/FixturePlugins` beside those that ship.
    convenience init(
        with fixtures: [String], _ configuration: DaemonConfiguration = DaemonConfiguration(), openFiles: Int? = nil
    ) throws {
        let folder = try DaemonFolder()
        for name in fixtures { try folder.build(name) }
        var configuration = configuration
        configuration.plugins += fixtures.filter { name in
            !configuration.plugins.contains { $0.contains("lib\(name).so") }
        }
        try self.init(configuration, in: folder, openFiles: openFiles)
    }

    /// A session that has sent its request, and received the daemon's HELLO.
    func session(_ request: RawRequest) throws -> RawSession {
        let session = RawSession(try connect())
        try session.send(request)
        try session.receiveHello()
        return session
    }

    /// Waits until something holds. Fails, and says what, where it does not come to that.
    func wait(until what: String, seconds: Double = 15, _ holds: () throws -> Bool) throws {
        let watch = Stopwatch()
        while try !holds() {
            guard watch.seconds < seconds else {
                throw TestFailure("not within \(seconds) s: \(what)\n\(log.suffix(20).joined(separator: "\n"))")
            }
            usleep(1000)
        }
    }

    /// Waits until the daemon has nothing more to do.
    ///
    /// - Parameter seconds: How long it must have used no processor.
    func waitUntilAtRest(_ seconds: Double = 0.3) throws {
        var used = processorSeconds
        var watch = Stopwatch()
        try wait(until: "the daemon is at rest", seconds: 60) {
            let now = processorSeconds
            if now > used { (used, watch) = (now, Stopwatch()) }
            return watch.seconds > seconds
        }
    }
}
