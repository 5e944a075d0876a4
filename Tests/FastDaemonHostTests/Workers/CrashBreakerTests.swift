import Testing

@testable import FastDaemonHost

@Suite("When crashed workers are replaced") struct CrashBreakerTests {
    private static let second: UInt64 = 1_000_000_000

    @Test("After a call that was answered, a crash is replaced at once")
    func answeredBefore() {
        var breaker = CrashBreaker()
        for round in 1...1000 as ClosedRange<UInt64> {
            breaker.noteAnswer()
            breaker.noteCrash(at: round)
            #expect(breaker.notBefore <= round)
            #expect(breaker.phase == .closed)
        }
        #expect(breaker.crashCount == 1000)
    }

    @Test("Without one, the pause doubles from 0.1 s to 30 s")
    func pauses() {
        var breaker = CrashBreaker()
        var now: UInt64 = 0
        var pauses: [UInt64] = []
        for _ in 0..<11 {
            now += 11 * Self.second  // Too far apart for a quarantine.
            breaker.noteCrash(at: now)
            pauses.append((breaker.notBefore - now) / (Self.second / 10))
        }
        #expect(pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300])
        #expect(breaker.phase == .closed)
        breaker.noteAnswer()
        #expect(breaker.notBefore == 0)
    }

    @Test("Workers that do not come up in time are quarantined, too, though each takes seconds over that")
    func hangs() {
        var breaker = CrashBreaker()
        breaker.noteHang(at: 5 * Self.second)
        #expect(breaker.phase == .closed)
        breaker.noteHang(at: 11 * Self.second)
        #expect(breaker.phase == .open(until: 21 * Self.second))
    }

    /// A breaker after five crashes in ten seconds, the last of them at 4 s.
    private static func opened() -> CrashBreaker {
        var breaker = CrashBreaker()
        for time in 0..<5 as Range<UInt64> { breaker.noteCrash(at: time * second) }
        return breaker
    }

    @Test("Five of those in ten seconds are a quarantine; four are not")
    func quarantine() {
        var four = CrashBreaker()
        for time in 0..<4 as Range<UInt64> { four.noteCrash(at: time) }
        #expect(four.phase == .closed)
        var breaker = Self.opened()
        #expect(breaker.phase == .open(until: 14 * Self.second))
        #expect(breaker.admits(at: 14 * Self.second - 1) == false)
    }

    @Test("Then one call is tried at a time, after 10, 20, 30 and 30 s")
    func tries() {
        var breaker = Self.opened()
        var now = 4 * Self.second
        for wait: UInt64 in [10, 20, 30, 30] {
            #expect(breaker.phase == .open(until: now + wait * Self.second))
            now += wait * Self.second
            #expect(breaker.admits(at: now) == true)
            #expect(breaker.notBefore <= now)
            #expect(breaker.admits(at: now) == false, "one at a time")
            breaker.noteCrash(at: now)
        }
    }

    @Test("A try that is answered ends it")
    func recovery() {
        var breaker = Self.opened()
        #expect(breaker.admits(at: 14 * Self.second) == true)
        breaker.noteAnswer()
        #expect(breaker.phase == .closed)
        #expect(breaker.admits(at: 14 * Self.second) == true)
        breaker.noteCrash(at: 15 * Self.second)
        #expect(breaker.phase == .closed, "it begins anew")
        #expect(!breaker.isSuspicious)
    }

    @Test("A try that runs for long without a crash ends it, too; one that was given up leaves its place to another")
    func unansweredTries() {
        var breaker = Self.opened()
        #expect(breaker.admits(at: 14 * Self.second) == true)
        #expect(breaker.admits(at: 18 * Self.second) == false)
        #expect(breaker.admits(at: 19 * Self.second) == true)
        var other = Self.opened()
        #expect(other.admits(at: 14 * Self.second) == true)
        other.noteUntried(at: 15 * Self.second)
        #expect(other.admits(at: 15 * Self.second) == true)
        #expect(other.admits(at: 15 * Self.second) == false)
    }
}
