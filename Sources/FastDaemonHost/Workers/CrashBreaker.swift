/// Decides when workers that crash are replaced, and when a plugin, or a command of it, is quarantined: one that always crashes
/// must not eat the machine. Pure; times are in nanoseconds.
///
/// A crash after a call that was answered since the last crash is replaced at once. Others wait, twice as long each time.
/// After several of those in a short time calls are refused, until one is let through to try; if it crashes, too, the next
/// one is let through later.
struct CrashBreaker {
    enum Phase: Equatable {
        /// Workers are started, and calls served.
        case closed

        /// Calls are refused until then.
        case open(until: UInt64)

        /// One call is tried since then; others are refused.
        case trying(since: UInt64)
    }

    private(set) var phase = Phase.closed

    /// No worker is to be started before.
    private(set) var notBefore: UInt64 = 0

    /// How many crashes there were in all.
    private(set) var crashCount = 0

    private var hasAnswered = false
    private var recentCrashes: [UInt64] = []
    private var pause: UInt64 = 0
    private var openings: UInt64 = 0

    static let firstPause = seconds(1) / 10
    static let longestPause = seconds(30)
    static let mostCrashes = 5
    static let window = seconds(10)

    /// How long a call is tried before the plugin counts as well again, whether it has ended or not.
    static let longestTry = seconds(5)

    static func seconds(_ count: UInt64) -> UInt64 { count * 1_000_000_000 }

    /// Whether the last crashes came without a call between them that was answered. One worker at a time is started then.
    var isSuspicious: Bool { !recentCrashes.isEmpty }

    /// A call ended as calls should.
    mutating func noteAnswer() {
        hasAnswered = true
        if recentCrashes.isEmpty, phase == .closed { return }
        recentCrashes = []
        pause = 0
        notBefore = 0
        openings = 0
        phase = .closed
    }

    /// A worker did not come up in time. That takes so long that few fall into the window: each counts as several.
    mutating func noteHang(at now: UInt64) {
        for _ in 0..<Self.mostCrashes / 2 where phase == .closed { recentCrashes.append(now) }
        noteCrash(at: now)
    }

    /// A worker crashed.
    mutating func noteCrash(at now: UInt64) {
        crashCount += 1
        switch phase {
        case .open: return
        case .trying: return open(at: now)
        case .closed: break
        }
        if hasAnswered {
            hasAnswered = false
            return
        }
        recentCrashes.removeAll { $0 + Self.window <= now }
        recentCrashes.append(now)
        pause = pause == 0 ? Self.firstPause : min(2 * pause, Self.longestPause)
        notBefore = now + pause
        if recentCrashes.count >= Self.mostCrashes { open(at: now) }
    }

    private mutating func open(at now: UInt64) {
        openings += 1
        hasAnswered = false
        phase = .open(until: now + min(Self.window * openings, Self.longestPause))
    }

    /// A call wants to run. Returns whether it may; where calls are refused until now, it is the one that is tried.
    mutating func admits(at now: UInt64) -> Bool {
        switch phase {
        case .closed: return true
        case .open(let until) where now >= until:
            phase = .trying(since: now)
            // The wait was long enough: its worker may start at once.
            notBefore = now
            return true
        case .trying(let since) where now >= since + Self.longestTry:
            phase = .closed
            recentCrashes = []
            return true
        case .open, .trying: return false
        }
    }

    /// The call that was to be tried was given up before it ran: another may take its place.
    mutating func noteUntried(at now: UInt64) {
        if case .trying = phase { phase = .open(until: now) }
    }
}
