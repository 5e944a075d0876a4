import Foundation
import TestSupport

/// Programs and threads that get a core as soon as they can run (sched(7), `SCHED_FIFO`), so that what is measured of them is their
/// own, whatever else the machine has to do. Where this process has no right to that, they are as all others.
enum RealTime {
    private static let priority: Int32 = 10

    /// Words to put before a program's own.
    static var launcher: [String] { isAllowed ? words : [] }

    private static let words = ["/usr/bin/env", "chrt", "--fifo", "\(priority)"]

    /// Whether there is the right, and chrt(1).
    static let isAllowed = (try? run(words[0], Array(words.dropFirst()) + ["true"]))?.status == .exited(0)

    /// `SCHED_RESET_ON_FORK`, which the C library shows only to GNU sources.
    private static let notInherited: Int32 = 0x4000_0000

    /// Measures something on this thread. Threads and programs that it starts meanwhile are as all others.
    static func measure<Result>(_ body: () throws -> Result) rethrows -> Result {
        guard isAllowed else { return try body() }
        var (policy, usual) = (Int32(0), sched_param())
        pthread_getschedparam(pthread_self(), &policy, &usual)
        var urgent = sched_param()
        urgent.sched_priority = priority
        let error = pthread_setschedparam(pthread_self(), SCHED_FIFO | notInherited, &urgent)
        precondition(error == 0, "programs may, but not this thread: \(error)")
        // Not to be inherited is no more than who has no privileges may have it; to be inherited again is.
        defer {
            let error = pthread_setschedparam(pthread_self(), policy | notInherited, &usual)
            precondition(error == 0, "this thread would come before all others from now on: \(error)")
        }
        return try body()
    }

    /// How long something takes by the clock, where nobody takes the cores away; otherwise without the machine's pauses. What comes
    /// before all other programs may be what pauses them.
    struct Watch {
        private let watch = Stopwatch()
        private let pauseless = PauselessStopwatch()

        var seconds: Double { isAllowed ? watch.seconds : pauseless.seconds }
    }

    /// Sleeps for a moment: a thread that comes before all others, and never does, is stopped for a twentieth of each second.
    static func leaveCore() {
        if isAllowed { usleep(100) }
    }
}
