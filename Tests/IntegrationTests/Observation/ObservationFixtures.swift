import Foundation
import TestSupport

/// What `daemon plugins --json` says.
struct DaemonPlugins: Decodable {
    /// What it says of one plugin.
    struct Entry: Decodable {
        let name: String
        let library: String
        let generation: Int
        let since: String
        let digest: String
    }

    let generation: Int
    let plugins: [Entry]

    subscript(_ name: String) -> Entry? { plugins.first { $0.name == name } }
}

extension RunningDaemon {
    /// What it says of its plugins.
    func plugins() throws -> DaemonPlugins {
        try JSONDecoder().decode(DaemonPlugins.self, from: Data(ask("daemon plugins --json").output.utf8))
    }

    /// The figures of one command.
    func figures(of command: String, _ peer: RawPeer) throws -> DaemonStatus.Command {
        guard let found = try status(peer)[command] else { throw TestFailure("there are no figures of \(command)") }
        return found
    }

    /// Waits until as many calls of a command are under way.
    func waitUntil(running count: Int, of command: String) throws {
        let peer = try connect()
        try wait(until: "\(count) calls of \(command) are under way") {
            try figures(of: command, peer).running == count
        }
    }

    /// Starts the client at this daemon.
    func client(_ words: String...) throws -> RunningProgram {
        try RunningProgram(builtProgram("fastdaemon_client"), words)
    }
}
