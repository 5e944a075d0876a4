import Foundation
import TestSupport

extension DaemonFolder {
    /// Builds fixtures into the plugin folder.
    func build(_ fixtures: String...) throws {
        guard let compiler = Compiler.c else { throw TestFailure("cc, which build-essential has, is not installed") }
        for name in fixtures {
            let library = try FixturePlugin(name).build(in: file("plugins"), with: compiler)
            chmod(library, 0o755)
        }
    }
}

extension RunningDaemon {
    /// A daemon that serves the odd commands of `toolbox.c`, beside the handlers that ship.
    convenience init(withToolbox configuration: DaemonConfiguration) throws {
        let folder = try DaemonFolder()
        try folder.build("toolbox")
        var configuration = configuration
        if !configuration.plugins.contains(where: { $0.contains("toolbox") }) {
            configuration.plugins.append("toolbox")
        }
        try self.init(configuration, in: folder)
    }
}

/// How many descriptors a daemon has open when it has noticed that all its peers are gone but `staying`.
func descriptorsWithoutPeers(of daemon: RunningDaemon, but staying: RawPeer) throws -> Int {
    let watch = Stopwatch()
    while try !staying.ask("daemon status").output.contains("\n1 connections,") {
        guard watch.seconds < 10 else { throw TestFailure("connections that ended still count") }
    }
    return daemon.descriptorCount
}
