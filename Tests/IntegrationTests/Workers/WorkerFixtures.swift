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

    /// The processes that one started and that have not ended.
    static func children(of process: Int32) -> [Int32] {
        let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []
        return tasks.flatMap { task in
            let text = try? String(contentsOfFile: "/proc/\(process)/task/\(task)/children", encoding: .utf8)
            return (text ?? "").split(separator: " ").compactMap { Int32($0) }
        }
    }

    /// The words of a process's command line.
    static func words(of process: Int32) -> [String] {
        guard let data = FileManager.default.contents(atPath: "/proc/\(process)/cmdline") else { return [] }
        return data.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }
}

/// Whether a process is there. A zombie is not.
func isAlive(_ process: Int32) -> Bool {
    let text = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
    let state = text.split(separator: ")").last?.split(separator: " ").first
    return state != nil && state != "Z" && state != "X"
}
