import Foundation

extension DaemonFolder {
    /// Builds plugins of `Tests/FixturePlugins` into the plugin folder.
    public func build(_ fixtures: String...) throws {
        for name in fixtures { try build(FixturePlugin(name), in: file("plugins")) }
    }

    /// Builds a plugin, and puts it in the place of the one that is there, as `install` would: by a new name that is then given
    /// the right one.
    ///
    /// - Parameter definitions: Macros of the fixture, such as `VERSION="2"`.
    public func replace(_ fixture: FixturePlugin, definitions: [String]) throws {
        let built = try build(fixture, in: path, definitions: definitions)
        guard rename(built, library(fixture.libraryName)) == 0 else { throw TestFailure("cannot replace the library") }
    }

    @discardableResult
    private func build(_ fixture: FixturePlugin, in folder: String, definitions: [String] = []) throws -> String {
        guard let compiler = Compiler.c else { throw TestFailure("cc, which build-essential has, is not installed") }
        let library = try fixture.build(in: folder, with: compiler, definitions: definitions)
        chmod(library, 0o755)
        return library
    }
}

extension RunningDaemon {
    /// A daemon that serves plugins of `Tests/FixturePlugins` beside those that ship.
    ///
    /// - Parameter configuration: A plugin that it does not list is added to it.
    public convenience init(
        with fixtures: [String], _ configuration: DaemonConfiguration = DaemonConfiguration(), openFiles: Int? = nil
    ) throws {
        let folder = try DaemonFolder()
        for name in fixtures { try folder.build(name) }
        var configuration = configuration
        configuration.plugins += fixtures.filter { name in
            !configuration.plugins.contains { $0 == name || $0.contains("lib\(name).so") }
        }
        try self.init(configuration, in: folder, openFiles: openFiles)
    }

    /// Sends a request over a connection of its own, and receives the daemon's HELLO.
    public func session(_ request: RawRequest, on socket: String = "socket") throws -> RawSession {
        let session = RawSession(try connect(socket))
        try session.send(request)
        try session.receiveHello()
        return session
    }
}
