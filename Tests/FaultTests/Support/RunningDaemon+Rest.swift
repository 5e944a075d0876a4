import Foundation
import TestSupport

extension RunningDaemon {
    /// Waits until the daemon has nothing more to do: 30 looks, a hundredth of a second apart, find all its threads and those of its
    /// workers asleep, and no processor time used.
    func waitUntilAtRest() throws {
        var (used, looks) = (processorSeconds, 0)
        try wait(until: "the daemon is at rest", seconds: 120) {
            usleep(10_000)
            let now = processorSeconds
            looks = now == used && isAsleep && children.allSatisfy(TestSupport.isAsleep) ? looks + 1 : 0
            used = now
            return looks == 30
        }
    }
}
