import Foundation
import Synchronization

/// How long something takes, from the moment on in which this was made.
public struct Stopwatch: Sendable {
    private let start = ContinuousClock.now

    /// Starts now.
    public init() {}

    /// The seconds since.
    public var seconds: Double { start.duration(to: .now) / .seconds(1) }
}

/// How long something takes that must happen within a time, on a machine that lends its cores to others now and then: what
/// passes while not even a thread that does nothing else gets to run is not counted. A program that is slow makes no such
/// pause.
public struct PauselessStopwatch: Sendable {
    private let watch = Stopwatch()
    private let pausedBefore: Double

    /// Starts now.
    public init() {
        pausedBefore = Pauses.shared.seconds
    }

    /// The seconds since, without the machine's pauses.
    public var seconds: Double {
        let elapsed = watch.seconds
        return max(0, elapsed - (Pauses.shared.seconds - pausedBefore))
    }
}

/// The machine's pauses: a thread that sleeps for a millisecond at a time wakes up late by more than ten.
private final class Pauses: Sendable {
    static let shared = Pauses()

    private let noted = Mutex((seconds: 0.0, lastTick: ContinuousClock.now))

    private init() {
        Thread.detachNewThread { [self] in
            while true {
                usleep(1000)
                noted.withLock { noted in
                    let now = ContinuousClock.now
                    noted.seconds += Self.pause(noted.lastTick, now)
                    noted.lastTick = now
                }
            }
        }
    }

    /// How much there was so far, with the one that may not have ended yet.
    var seconds: Double {
        noted.withLock { $0.seconds + Self.pause($0.lastTick, .now) }
    }

    private static func pause(_ last: ContinuousClock.Instant, _ now: ContinuousClock.Instant) -> Double {
        let late = last.duration(to: now) / .seconds(1) - 0.001
        return late > 0.01 ? late : 0
    }
}
