import Foundation
import TestSupport

extension RunningDaemon {
    /// A daemon that serves fixtures from worker processes, beside the handlers that ship.
    ///
    /// - Parameters:
    ///   - fixtures: Their names; all have the same entry.
    ///   - entry: More members of that, as in `"workers": 1`.
    ///   - launcher: Words to put before the daemon's own, of a program that becomes the daemon.
    convenience init(
        workers fixtures: [String], entry: String = "", _ configuration: DaemonConfiguration = DaemonConfiguration(),
        launcher: [String] = []
    ) throws {
        let folder = try DaemonFolder()
        for name in fixtures { try folder.build(name) }
        var configuration = configuration
        configuration.plugins += fixtures.map {
            #"{ "library": "lib\#($0).so", "execution": "process"\#(entry.isEmpty ? "" : ", \(entry)") }"#
        }
        try self.init(configuration, in: folder, launcher: launcher)
    }

    /// The processes of its workers.
    var workerProcesses: [Int32] { children.filter { Self.words(of: $0).contains("--worker") } }

    /// The words of a process's command line.
    static func words(of process: Int32) -> [String] {
        guard let data = FileManager.default.contents(atPath: "/proc/\(process)/cmdline") else { return [] }
        return data.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }
}
