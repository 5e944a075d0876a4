import Testing

@testable import fastdaemon_bench

@Suite("When requests are due")
struct ScheduleTests {
    private let second: UInt64 = 1_000_000_000

    @Test("in a closed loop: at once, until the count is reached")
    func closedByCount() {
        let schedule = Schedule(start: 5, rate: nil, extent: .requests(200), warmupPercent: 10)
        #expect(schedule.requestsDue(at: 5) == 220)
        #expect(schedule.dueTime(of: 100, at: 77) == 77)
        #expect(!schedule.isOver(issued: 219, at: 1_000))
        #expect(schedule.isOver(issued: 220, at: 1_000))
        #expect(schedule.end == nil)
    }

    @Test("in a closed loop: at once, until the time is over")
    func closedByTime() {
        let schedule = Schedule(start: second, rate: nil, extent: .nanoseconds(10 * second), warmupPercent: 10)
        #expect(schedule.requestsDue(at: second) == Int.max)
        #expect(schedule.requestsDue(at: 12 * second - 1) == Int.max)
        #expect(schedule.requestsDue(at: 12 * second) == 0)
        #expect(!schedule.isOver(issued: 1_000_000, at: 12 * second - 1))
        #expect(schedule.isOver(issued: 0, at: 12 * second))
        #expect(schedule.end == 12 * second)
    }

    @Test("in an open loop: each at its own time, whatever came of the others")
    func open() {
        let schedule = Schedule(start: second, rate: 4, extent: .requests(8), warmupPercent: 0)
        #expect(schedule.requestsDue(at: second - 1) == 0)
        #expect(schedule.requestsDue(at: second) == 1)
        #expect(schedule.requestsDue(at: second + second / 4 - 1) == 1)
        #expect(schedule.requestsDue(at: second + second / 4) == 2)
        #expect(schedule.requestsDue(at: 100 * second) == 8)
        #expect(schedule.dueTime(of: 0, at: 50 * second) == second)
        #expect(schedule.dueTime(of: 6, at: 50 * second) == second + 6 * second / 4)
        #expect(schedule.end == second + 7 * second / 4)
    }

    @Test("in an open loop with a time: as many as the rate makes of it, however slow the replies are")
    func openByTime() {
        let schedule = Schedule(start: 0, rate: 1000, extent: .nanoseconds(2 * second), warmupPercent: 50)
        #expect(schedule.requestsDue(at: 1000 * second) == 3000)
        #expect(!schedule.isCounting(finished: 999, at: 1000 * second))
        #expect(schedule.isCounting(finished: 1000, at: 0))
    }

    @Test(
        "a request is due no later than the moment that counts it as due", arguments: [3, 7, 999.9, 20_000, 333_333.3])
    func agreesWithItself(rate: Double) {
        let schedule = Schedule(start: 123, rate: rate, extent: .requests(100_000), warmupPercent: 0)
        for index in 0..<2_000 {
            #expect(schedule.requestsDue(at: schedule.dueTime(of: index, at: 0)) >= index)
            #expect(schedule.requestsDue(at: schedule.dueTime(of: index, at: 0) + 1) > index)
        }
    }

    @Test("the warm-up is a share of what counts, and comes before it")
    func warmup() {
        let counted = Schedule(start: 0, rate: nil, extent: .requests(1000), warmupPercent: 25)
        #expect(!counted.isCounting(finished: 249, at: 0))
        #expect(counted.isCounting(finished: 250, at: 0))
        let timed = Schedule(start: 0, rate: nil, extent: .nanoseconds(4 * second), warmupPercent: 25)
        #expect(!timed.isCounting(finished: 1_000_000, at: second - 1))
        #expect(timed.isCounting(finished: 0, at: second))
        #expect(Schedule(start: 0, rate: nil, extent: .requests(5), warmupPercent: 0).isCounting(finished: 0, at: 0))
    }
}
