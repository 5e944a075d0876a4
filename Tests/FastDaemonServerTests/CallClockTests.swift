import Testing

@testable import FastDaemonServer

@Suite("The clock of a call") struct CallClockTests {
    private static let second: UInt64 = 1_000_000_000

    @Test("without a limit there is never anything to do")
    func unlimited() {
        var clock = CallClock(received: 5)
        #expect(clock.deadline == nil)
        clock.begin(at: 6)
        #expect(clock.deadline == nil)
        #expect(clock.expire(at: .max) == .nothing)
        #expect(clock.passed == nil)
    }

    @Test("the plugin's limit bounds the wait and the run each")
    func plugins() {
        var clock = CallClock(received: 100, pluginsLimit: Self.second)
        #expect(clock.deadline == 100 + Self.second)
        #expect(clock.expire(at: 99 + Self.second) == .nothing)
        clock.begin(at: 99 + Self.second)
        #expect(clock.deadline == 99 + 2 * Self.second)
        #expect(clock.expire(at: 98 + 2 * Self.second) == .nothing)
        #expect(clock.expire(at: 99 + 2 * Self.second) == .cancel)
        #expect(clock.explanation("x") == "x: it ran past its limit of 1 s (plugins[].timeoutSeconds)")
        // A handful of milliseconds later its caller has an answer.
        #expect(clock.deadline == 99 + 2 * Self.second + 10_000_000)
        #expect(clock.expire(at: clock.deadline! - 1) == .nothing)
        #expect(clock.expire(at: clock.deadline!) == .giveUp)
        #expect(clock.deadline == nil)
        #expect(clock.expire(at: .max) == .nothing)
    }

    @Test("the caller's limit is one for both, and leaves time for last words")
    func callers() {
        var clock = CallClock(received: 0, callersLimit: Self.second / 2)
        clock.begin(at: Self.second / 4)
        #expect(clock.deadline == Self.second / 2)
        #expect(clock.expire(at: Self.second / 2) == .cancel)
        #expect(clock.explanation("x") == "x: it ran past the caller's limit of 0.5 s")
        #expect(clock.deadline == Self.second * 3 / 4)
        #expect(clock.expire(at: Self.second) == .giveUp)
    }

    @Test("of the two limits the one that is passed first holds")
    func both() {
        var clock = CallClock(received: 0, callersLimit: 3 * Self.second, pluginsLimit: 2 * Self.second)
        #expect(clock.deadline == 2 * Self.second)
        clock.begin(at: Self.second * 3 / 2)
        #expect(clock.deadline == 3 * Self.second)
        #expect(clock.expire(at: 3 * Self.second) == .cancel)
        #expect(clock.passed == CallClock.Passed(limit: .callers(3 * Self.second), hadBegun: true))
    }

    @Test("a call that waited for too long is not run")
    func waiting() {
        for (callers, plugins, text) in [
            (Self.second, 0, "x: its turn did not come within the caller's limit of 1 s; it was not run"),
            (
                0, 2 * Self.second,
                "x: it waited 2 s for its turn, which is as long as it may (plugins[].timeoutSeconds); it was not run"
            ),
        ] {
            var clock = CallClock(received: 0, callersLimit: callers, pluginsLimit: plugins)
            #expect(clock.expire(at: 5 * Self.second) == .drop)
            #expect(clock.passed?.hadBegun == false)
            #expect(clock.explanation("x") == text)
            // Its turn comes all the same.
            clock.begin(at: 5 * Self.second)
            #expect(clock.deadline == nil)
        }
    }

    @Test("a call that ended runs out of no time")
    func end() {
        var clock = CallClock(received: 0, pluginsLimit: 1)
        clock.begin(at: 0)
        clock.end()
        #expect(clock.expire(at: 9) == .nothing)
        #expect(clock.passed == nil)
    }

    @Test("a limit beyond the end of time is none")
    func overflow() {
        let clock = CallClock(received: .max - 1, callersLimit: .max, pluginsLimit: .max)
        #expect(clock.deadline == .max)
    }
}
