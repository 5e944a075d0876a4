import Foundation
import TestSupport

/// What `daemon status --json` says of one command's calls, beyond `DaemonStatus`.
struct CommandFigures: Decodable {
    struct Totals: Decodable {
        var calls: Int
        var failures: Int
        var refusals: Int
        var statuses: [String: Int]
    }

    struct Times: Decodable {
        var count: Int
        var p50: Double?
        var p90: Double?
        var p99: Double?
        var max: Double?
    }

    var name: String
    var totals: Totals
    var queued: Times
    var ran: Times
    var running: Int
    var waiting: Int
    var overdue: Int
    var cancelled: Int
}

extension RunningDaemon {
    private struct Figures: Decodable {
        var commands: [CommandFigures]
    }

    /// The figures of one command.
    func figures(of command: String, _ peer: RawPeer) throws -> CommandFigures {
        let text = try peer.ask("daemon status --json").output
        let figures = try JSONDecoder().decode(Figures.self, from: Data(text.utf8))
        guard let found = figures.commands.first(where: { $0.name == command }) else {
            throw TestFailure("there are no figures of \(command): \(text)")
        }
        return found
    }

    /// Waits until as many calls of a command are under way.
    func waitUntil(running count: Int, of command: String) throws {
        let peer = try connect()
        let watch = Stopwatch()
        while try figures(of: command, peer).running != count {
            guard watch.seconds < 10 else { throw TestFailure("\(count) calls of \(command) are not under way") }
        }
    }

    /// Starts the client at this daemon.
    func client(_ words: String...) throws -> RunningProgram {
        try RunningProgram(builtProgram("fastdaemon_client"), words)
    }
}
