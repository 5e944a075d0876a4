import Testing

@testable import FastDaemonServer

@Suite("The watchdog") struct WatchdogTests {
    @Test("speaks when the last loop has answered, once")
    func answers() {
        var watchdog = Watchdog(loopCount: 3)
        let asks = watchdog.tick()
        let answers = (0..<3).map { _ in watchdog.answer() }
        #expect(asks)
        #expect(answers == [false, false, true])
    }

    @Test("asks nobody, and so stays silent, while one loop has not answered; and goes on when it has")
    func stuck() {
        var watchdog = Watchdog(loopCount: 2)
        _ = watchdog.tick()
        let first = watchdog.answer()
        let ticks = (0..<3).map { _ in watchdog.tick() }
        #expect(!first)
        #expect(ticks == [false, false, false])
        let late = watchdog.answer()
        let next = watchdog.tick()
        #expect(late)
        #expect(next)
    }

    @Test("is asked for by $WATCHDOG_USEC, where $WATCHDOG_PID does not name another")
    func interval() {
        #expect(Watchdog.interval(microseconds: "30000000", process: "7", own: 7) == 30_000_000_000)
        #expect(Watchdog.interval(microseconds: "5", process: nil, own: 7) == 5000)
        #expect(Watchdog.interval(microseconds: "30000000", process: "8", own: 7) == nil)
        #expect(Watchdog.interval(microseconds: "30000000", process: "", own: 7) == nil)
        for text in [nil, "", "0", "-1", "soon", "18446744073709551615"] {
            #expect(Watchdog.interval(microseconds: text, process: nil, own: 7) == nil)
        }
    }
}

@Suite("The end of an idle daemon") struct IdleExitTests {
    private let idle = IdleExit(limit: 100)

    @Test("comes when the last activity is as long ago as the limit")
    func exact() {
        #expect(idle.decision(at: 1099, isBusy: false, lastActivity: 1000) == .wait(1))
        #expect(idle.decision(at: 1100, isBusy: false, lastActivity: 1000) == .exit)
        #expect(idle.decision(at: 1000, isBusy: false, lastActivity: 1000) == .wait(100))
    }

    @Test("does not come while there is a connection, whose end sets the time anew")
    func busy() {
        #expect(idle.decision(at: 5000, isBusy: true, lastActivity: 1000) == .wait(100))
    }

    @Test("is not confused by an activity that another thread noted later than the time was read")
    func ahead() {
        #expect(idle.decision(at: 1000, isBusy: false, lastActivity: 1001) == .wait(100))
    }
}
