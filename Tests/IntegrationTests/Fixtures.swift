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
