import Foundation

/// What the kernel says of the daemon's process.
extension RunningDaemon {
    /// The most memory that was ever resident, in bytes.
    public var peakResidentBytes: Int { statusNumber("VmHWM") * 1024 }

    /// How many threads it has.
    public var threadCount: Int { statusNumber("Threads") }

    /// The files of which it has code mapped, as the kernel names them; one that was mapped twice stands there twice.
    public func codeFiles() throws -> [String] {
        // Read to its end: the kernel gives it piece by piece.
        let file = try FileHandle(forReadingFrom: URL(filePath: "/proc/\(process)/maps"))
        let text = String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self)
        return text.split(separator: "\n").filter { $0.contains(" r-xp ") }.compactMap { line in
            line.firstIndex(of: "/").map { String(line[$0...]) }
        }
    }

    /// Forgets the peak of resident memory up to now (proc(5), `clear_refs`).
    public func resetPeak() {
        try? Data("5".utf8).write(to: URL(filePath: "/proc/\(process)/clear_refs"))
    }

    /// Whether the process is there.
    public var isAlive: Bool { TestSupport.isAlive(process) }

    /// How long each of its threads could have run and had no core to run on, in seconds (`schedstat` in the kernel's
    /// sched-stats.rst).
    public var waitsForCores: [String: Double] {
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []
        return threads.reduce(into: [:]) { waits, thread in
            let text = try? String(contentsOfFile: "/proc/\(process)/task/\(thread)/schedstat", encoding: .utf8)
            waits[thread] = text?.split(separator: " ").dropFirst().first.flatMap { Double($0) }.map { $0 / 1e9 }
        }
    }

    /// Whether each of its threads waits for something.
    public var isAsleep: Bool { TestSupport.isAsleep(process) }

    /// Whether a signal has stopped it.
    public var isStopped: Bool { statFields(of: "\(process)").first == "T" }

    /// The processes whose parent it is.
    public var children: [pid_t] { TestSupport.children(of: process) }

    private func statusNumber(_ name: String) -> Int {
        let text = (try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix(name + ":") }
        return line?.split(whereSeparator: { $0 == "\t" || $0 == " " }).dropFirst().first.flatMap { Int($0) } ?? 0
    }
}

/// Whether a process is there, and not a corpse that waits to be collected.
public func isAlive(_ process: pid_t) -> Bool {
    guard let state = statFields(of: "\(process)").first else { return false }
    return state != "Z" && state != "X"
}

/// Whether each thread of a process waits for something.
public func isAsleep(_ process: pid_t) -> Bool {
    let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []
    return threads.allSatisfy { statFields(of: "\(process)/task/\($0)").first == "S" }
}

/// The processes that one started and that have not ended.
public func children(of process: pid_t) -> [pid_t] {
    let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []
    return threads.flatMap { thread in
        let path = "/proc/\(process)/task/\(thread)/children"
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        return text.split(separator: " ").compactMap { pid_t($0) }
    }
}

/// What the kernel says of a process or a thread, from its state on: proc(5), from field 3 on. The name before that may have any
/// character in it.
func statFields(of path: String) -> [Substring] {
    let text = (try? String(contentsOfFile: "/proc/\(path)/stat", encoding: .utf8)) ?? ""
    return text.split(separator: ")").last?.split(separator: " ") ?? []
}
