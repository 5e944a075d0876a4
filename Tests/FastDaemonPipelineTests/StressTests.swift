import FastDaemonPipeline
import Synchronization
import Testing

/// Ten thousand elements on Swift's shared pool, where everything may happen at the same time.
@Suite("Many elements on many threads")
struct StressTests {
    /// Counts up, and gives other tasks a chance to run now and then.
    private struct Numbers: AsyncSequence, AsyncIteratorProtocol, Sendable {
        var rest: Range<Int>

        func makeAsyncIterator() -> Numbers { self }

        mutating func next(isolation actor: isolated (any Actor)?) async throws(Never) -> Int? {
            if rest.lowerBound % 7 == 0 { await Task.yield() }
            return rest.popFirst()
        }
    }

    /// How many are inside at the same time, at most.
    private final class Highest: Sendable {
        private let counts = Mutex((now: 0, highest: 0))
        var value: Int { counts.withLock { $0.highest } }

        func during(_ body: () async -> Void) async {
            counts.withLock {
                $0.now += 1
                $0.highest = max($0.now, $0.highest)
            }
            await body()
            counts.withLock { $0.now -= 1 }
        }
    }

    @Test("Joining 100 sequences loses and doubles nothing, and keeps the order within each")
    func joined() async {
        let sources = (0..<100).map { Numbers(rest: $0 * 100..<($0 + 1) * 100) }
        var last: [Int: Int] = [:]
        var count = 0
        for await number in sources.joined() {
            let expected = last[number / 100].map { $0 + 1 } ?? number / 100 * 100
            if number != expected { Issue.record("\(number) came where \(expected) should have") }
            last[number / 100] = number
            count += 1
        }
        #expect(count == 10_000)
    }

    @Test("Mapping 10,000 elements in input order keeps it, and the bound")
    func mapInInputOrder() async {
        let highest = Highest()
        let results = Numbers(rest: 0..<10_000).mapConcurrently(maxConcurrent: 8) { number in
            await highest.during { if number % 3 == 0 { await Task.yield() } }
            return number
        }
        var received: [Int] = []
        for await number in results { received.append(number) }
        #expect(received == Array(0..<10_000))
        #expect((1...8).contains(highest.value))
    }

    @Test("Mapping 10,000 elements as completed loses and doubles nothing, and keeps the bound")
    func mapAsCompleted() async {
        let highest = Highest()
        let results = Numbers(rest: 0..<10_000).mapConcurrently(maxConcurrent: 8, order: .asCompleted) { number in
            await highest.during { if number % 3 == 0 { await Task.yield() } }
            return number
        }
        var received: [Int] = []
        for await number in results { received.append(number) }
        #expect(received.sorted() == Array(0..<10_000))
        #expect((1...8).contains(highest.value))
    }

    @Test("Running a body for each of 10,000 elements runs it once for each, within the bound")
    func forEach() async {
        let highest = Highest()
        let seen = Mutex<[Int]>([])
        await Numbers(rest: 0..<10_000).forEachConcurrently(maxConcurrent: 8) { number in
            await highest.during { await Task.yield() }
            seen.withLock { $0.append(number) }
        }
        #expect(seen.withLock { $0.sorted() } == Array(0..<10_000))
        #expect((1...8).contains(highest.value))
    }

    @Test("Leaving and cancelling 1,000 loops in their midst ends each of them")
    func endings() async {
        let ended = Mutex(0)
        await Numbers(rest: 0..<1000).forEachConcurrently(maxConcurrent: 16) { number in
            let sources = (0..<4).map { _ in Numbers(rest: 0..<1000) }
            let task = Task {
                var taken = 0
                for await _ in sources.joined().mapConcurrently(maxConcurrent: 3, { $0 }) {
                    taken += 1
                    if taken == number % 50, number % 2 == 0 { break }
                }
            }
            if number % 2 == 1 {
                await Task.yield()
                task.cancel()
            }
            await task.value
            ended.withLock { $0 += 1 }
        }
        #expect(ended.withLock { $0 } == 1000)
    }
}
