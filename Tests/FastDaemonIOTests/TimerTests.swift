import CLinux
import Synchronization
import Testing

@testable import FastDaemonIO

@Suite("Timers of a loop", .timeLimit(.minutes(1))) struct TimerTests {
    @Test("call back in the order of their times, and not when they were cancelled")
    func order() async throws {
        let loop = try EventLoop()
        let called = Mutex<[Int]>([])
        await withCheckedContinuation { done in
            loop.execute {
                let now = clinux_now()
                var timers: [EventLoop.Timer] = []
                for number in [3, 1, 4, 2, 5] {
                    let time = now + UInt64(number) * 5_000_000
                    timers.append(
                        loop.schedule(at: time) {
                            #expect(clinux_now() >= time)
                            called.withLock { $0.append(number) }
                            if number == 5 { done.resume() }
                        })
                }
                loop.cancel(timers[2])
                loop.cancel(timers[2])
            }
        }
        #expect(called.withLock { $0 } == [1, 2, 3, 5])
        loop.stop()
    }

    @Test("Those that are cancelled take no room until their time has come")
    func cancelled() async throws {
        let loop = try EventLoop()
        await withCheckedContinuation { done in
            loop.execute {
                let hour = clinux_now() + 3_600_000_000_000
                var staying: [EventLoop.Timer] = []
                for number in 0..<100_000 {
                    let timer = loop.schedule(at: hour) {}
                    if number % 1000 == 0 { staying.append(timer) } else { loop.cancel(timer) }
                }
                #expect(loop.timers.cancelled <= 1025)
                for timer in staying { loop.cancel(timer) }
                done.resume()
            }
        }
        loop.stop()
    }

    @Test("a queue that loses most of its entries keeps the order of the others")
    func removeAll() {
        var queue = DeadlineQueue()
        for token in UInt64(0)..<1000 { queue.insert(DeadlineQueue.Entry(time: token * 7919 % 1000, token: token)) }
        queue.removeAll { $0.token % 5 != 0 }
        #expect(queue.count == 200)
        var times: [UInt64] = []
        while let entry = queue.popExpired(at: .max) { times.append(entry.time) }
        #expect(times.count == 200)
        #expect(times == times.sorted())
    }
}
