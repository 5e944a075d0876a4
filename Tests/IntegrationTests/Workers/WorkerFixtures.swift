import Foundation
import TestSupport

extension RunningDaemon {
    /// A daemon that serves fixtures from worker processes, beside the handlers that ship.
    ///
    /// - Parameters:
    ///   - fixtures: Their names; all have the same entry.
    ///   - entry: More members of that, as in `"workers": 1`.
    convenience init(
        workers fixtures: [String], entry: String = "", _ configuration: DaemonConfiguration = DaemonConfiguration()
    ) throws {
        let folder = try DaemonFolder()
        for name in fixtures { try folder.build(name) }
        var configuration = configuration
        configuration.plugins += fixtures.map {
            #"{ "library": "lib\#($0).so", "execution": "process"\#(entry.isEmpty ? "" : ", \(entry)") }"#
        }
        try self.init(configuration, in: folder)
    }

    /// The processes of its workers.
    var workerProcesses: [Int32] { children.filter { Self.words(of: $0).contains("--worker") } }

    /// The words of a process's command line.
    static func words(of process: Int32) -> [String] {
        guard let data = FileManager.default.contents(atPath: "/proc/\(process)/cmdline") else { return [] }
        return data.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }
}
