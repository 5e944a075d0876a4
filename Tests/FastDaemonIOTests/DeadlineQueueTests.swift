import TestSupport
import Testing

@testable import FastDaemonIO

@Suite("The queue of deadlines") struct DeadlineQueueTests {
    private static func queue(of times: [UInt64]) -> DeadlineQueue {
        var queue = DeadlineQueue()
        for (token, time) in times.enumerated() {
            queue.insert(DeadlineQueue.Entry(time: time, token: UInt64(token)))
        }
        return queue
    }

    private static func drain(_ queue: inout DeadlineQueue, at now: UInt64) -> [DeadlineQueue.Entry] {
        var entries: [DeadlineQueue.Entry] = []
        while let entry = queue.popExpired(at: now) { entries.append(entry) }
        return entries
    }

    @Test("gives entries out with the earliest first, whatever their order before")
    func order() {
        var queue = Self.queue(of: [30, 10, 20])
        #expect(queue.earliest == 10)
        #expect(Self.drain(&queue, at: 100).map(\.token) == [1, 2, 0])
        #expect(queue.earliest == nil)
        #expect(queue.count == 0)
    }

    @Test("keeps every entry of those that are due at the same time")
    func equalTimes() {
        var queue = Self.queue(of: [5, 5, 4, 5])
        let entries = Self.drain(&queue, at: 5)
        #expect(entries.map(\.time) == [4, 5, 5, 5])
        #expect(Set(entries.map(\.token)) == [0, 1, 2, 3])
    }

    @Test("gives out what is due at this very moment, and nothing that is due later")
    func popExpired() {
        var queue = Self.queue(of: [10, 11])
        #expect(queue.popExpired(at: 9) == nil)
        #expect(queue.popExpired(at: 10) == DeadlineQueue.Entry(time: 10, token: 0))
        #expect(queue.popExpired(at: 10) == nil)
        #expect(queue.count == 1)
    }

    @Test(
        "has the order of a sorted array under random insertions and removals", arguments: 1...20 as ClosedRange<UInt64>
    )
    func random(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var queue = DeadlineQueue()
        var sorted: [UInt64] = []
        for token in 0..<UInt64(500) {
            let time = UInt64.random(in: 0..<100, using: &generator)
            if Bool.random(using: &generator) {
                queue.insert(DeadlineQueue.Entry(time: time, token: token))
                sorted.append(time)
                sorted.sort()
            } else {
                let expected = sorted.first.flatMap { $0 <= time ? $0 : nil }
                if expected != nil { sorted.removeFirst() }
                #expect(queue.popExpired(at: time)?.time == expected)
            }
            #expect(queue.earliest == sorted.first)
            #expect(queue.count == sorted.count)
        }
    }
}
