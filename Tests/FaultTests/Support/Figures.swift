import Foundation
import TestSupport

/// A duration in milliseconds, for people.
func milliseconds(_ seconds: Double) -> String { String(format: "%.1f ms", seconds * 1e3) }

/// A duration in microseconds, for people.
func microseconds(_ seconds: Double) -> String { String(format: "%.0f us", seconds * 1e6) }

/// A share in percent, for people.
func percent(_ share: Double) -> String { String(format: "%.1f %%", share * 100) }

extension RawPeer {
    /// Has the end of this connection be a reset, which throws away what is on its way.
    func resetWhenClosed() {
        var now = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
    }
}

/// What `daemon status --json` says, as far as the faults are concerned.
struct Status: Decodable {
    struct Command: Decodable {
        var name: String
        var running: Int
        var waiting: Int
    }
    var connections: Int
    var bufferBytes: Int
    var commands: [Command]
}

extension RunningDaemon {
    /// What it says of itself.
    func status() throws -> Status {
        try JSONDecoder().decode(Status.self, from: Data(ask("daemon status --json").output.utf8))
    }

    /// Waits until nothing runs or waits but what asks, and until as many connections are left.
    func waitUntilIdle(connections: Int = 2) throws {
        try wait(until: "nothing runs") {
            let status = try status()
            return status.connections <= connections
                && status.commands.allSatisfy { ($0.running == 0 || $0.name == "daemon") && $0.waiting == 0 }
        }
    }
}
