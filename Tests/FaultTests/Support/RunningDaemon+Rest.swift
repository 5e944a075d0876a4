import Foundation
import TestSupport

extension RunningDaemon {
    /// Waits until the daemon has nothing more to do: 30 looks, a hundredth of a second apart, find all its threads asleep and no
    /// processor time used.
    func waitUntilAtRest() throws {
        var (used, looks) = (processorSeconds, 0)
        try wait(until: "the daemon is at rest", seconds: 120) {
            usleep(10_000)
            let now = processorSeconds
            looks = now == used && isAsleep ? looks + 1 : 0
            used = now
            return looks == 30
        }
    }

    /// Whether each of its threads waits for something.
    private var isAsleep: Bool {
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []
        return threads.allSatisfy { thread in
            let text = (try? String(contentsOfFile: "/proc/\(process)/task/\(thread)/stat", encoding: .utf8)) ?? ""
            return text.split(separator: ")").last?.first { $0 != " " } == "S"
        }
    }
}
