import Foundation
import TestSupport

extension RunningDaemon {
    /// Waits until the daemon has nothing more to do.
    ///
    /// - Parameter seconds: How long it must have used no processor.
    func waitUntilAtRest(_ seconds: Double = 0.3) throws {
        var used = processorSeconds
        var watch = Stopwatch()
        try wait(until: "the daemon is at rest", seconds: 60) {
            let now = processorSeconds
            if now > used { (used, watch) = (now, Stopwatch()) }
            return watch.seconds > seconds
        }
    }
}
