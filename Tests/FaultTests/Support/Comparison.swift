import Foundation
import Synchronization
import TestSupport

/// A client that asks two daemons in turn until it is stopped: whatever else the machine does, it does to both.
final class Comparison: Sendable {
    private let isOver = Flag()
    private let tallies = Mutex((Load.Tally(), Load.Tally()))
    private let thread = Mutex<BackgroundThread?>(nil)

    /// Begins.
    init(of first: RunningDaemon, with second: RunningDaemon) {
        let new = BackgroundThread { [self] in
            var askers = (Asker { try first.connect() }, Asker { try second.connect() })
            RealTime.measure {
                while !isOver.isSet {
                    _ = askers.0.ask()
                    RealTime.leaveCore()
                    _ = askers.1.ask()
                    RealTime.leaveCore()
                }
            }
            let results = (askers.0.tally, askers.1.tally)
            tallies.withLock { $0 = results }
        }
        thread.withLock { $0 = new }
    }

    deinit { isOver.set() }

    /// Stops after the calls that it is in, and returns what came of those to each.
    func stop() -> (first: Load.Tally, second: Load.Tally) {
        isOver.set()
        thread.withLock { $0 }?.join()
        return tallies.withLock { ($0.0, $0.1) }
    }
}
