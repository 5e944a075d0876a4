import Foundation
import TestSupport

/// How many descriptors a daemon has open when it has noticed that all its peers are gone but `staying`.
func descriptorsWithoutPeers(of daemon: RunningDaemon, but staying: RawPeer) throws -> Int {
    let watch = Stopwatch()
    while try !staying.ask("daemon status").output.contains("\n1 connections,") {
        guard watch.seconds < 10 else { throw TestFailure("connections that ended still count") }
    }
    return daemon.descriptorCount
}

extension Data {
    /// Writes this behind what a file holds.
    func append(to path: String) throws {
        let file = try FileHandle(forWritingTo: URL(filePath: path))
        try file.seekToEnd()
        try file.write(contentsOf: self)
        try file.close()
    }
}
