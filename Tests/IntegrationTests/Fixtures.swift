import Foundation
import TestSupport

/// Plugins in C that the tests build: see the sources in `Fixtures`.
enum Fixture {
    /// The library of odd commands.
    static let toolbox = Library(source: "toolbox.c")

    /// The library with one command, `plain`, in the form that `macro` asks for.
    static func plain(_ macro: String = "SOUND") -> Library { Library(source: "plain.c", macro: macro) }

    /// A library to build.
    struct Library {
        let source: String
        var macro = "SOUND"
    }
}

extension DaemonFolder {
    /// Builds a fixture into the plugin folder.
    func build(_ fixture: Fixture.Library, as name: String) throws {
        let source = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/\(fixture.source)")
        let include = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Sources/CFastDaemonPlugin/include")
        let result = try run(
            "/usr/bin/env",
            [
                "cc", "-O1", "-Wall", "-Wextra", "-shared", "-fPIC", "-I", include.path, "-D", fixture.macro, "-o",
                library(name), source.path,
            ])
        guard result.status == .exited(0) else { throw TestFailure(result.errorText) }
        chmod(library(name), 0o755)
    }
}

extension RunningDaemon {
    /// A daemon that serves the library of odd commands, beside the handlers that ship.
    convenience init(withToolbox configuration: DaemonConfiguration) throws {
        let folder = try DaemonFolder()
        try folder.build(Fixture.toolbox, as: "libtoolbox.so")
        var configuration = configuration
        if !configuration.plugins.contains(where: { $0.contains("toolbox") }) {
            configuration.plugins.append("toolbox")
        }
        try self.init(configuration, in: folder)
    }
}
