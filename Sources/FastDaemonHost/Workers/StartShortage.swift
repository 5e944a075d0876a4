import Glibc

/// A lack of descriptors, memory or processes that keeps workers from being started, and when that is tried again. Pure; times are in
/// nanoseconds.
struct StartShortage {
    /// No worker is to be started before.
    private(set) var notBefore: UInt64 = 0

    private var pause: UInt64 = 0

    static let longestPause = CrashBreaker.seconds(2)

    /// Whether one was found since a worker was last started.
    var isThere: Bool { pause > 0 }

    /// It was found again.
    mutating func note(at now: UInt64) {
        pause = pause == 0 ? CrashBreaker.firstPause : min(2 * pause, Self.longestPause)
        notBefore = now + pause
    }

    /// Whether an errno speaks of one: others have what is lacking, and may give it back.
    static func isSpokenOf(by code: Int32) -> Bool {
        [EMFILE, ENFILE, ENOMEM, EAGAIN, ENOSPC].contains(code)
    }
}

extension WorkerPoolState {
    /// A worker could not be started because something is lacking. That is no crash of the plugin's. Whom no worker serves is told;
    /// another start follows, by and by.
    mutating func noteShortage(_ worker: Int, at now: UInt64) -> [Action] {
        workers[worker] = nil
        shortage.note(at: now)
        breaker.noteUntried(at: now)
        return isShort(at: now) ? refuseWaiting(at: now) : []
    }

    /// Whether there is no worker to wait for, and none is to be started yet.
    func isShort(at now: UInt64) -> Bool {
        guard shortage.isThere, now < shortage.notBefore else { return false }
        return !workers.values.contains { worker in
            switch worker.phase {
            case .starting, .serving: true
            case .retiring, .lost, .stopping: false
            }
        }
    }
}
