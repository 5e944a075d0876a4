import CLinux
import Synchronization
import Testing

@testable import FastDaemonIO

@Suite(.timeLimit(.minutes(1))) struct EventLoopTests {
    @Test("Work that other threads send one by one is all done, although the loop may be about to sleep each time")
    func workFromOtherThreads() async throws {
        let loop = try EventLoop()
        var rounds = 0
        for _ in 0..<20_000 {
            await withCheckedContinuation { done in loop.execute { done.resume() } }
            rounds += 1
        }
        #expect(rounds == 20_000)
        loop.stop()
    }

    @Test("What another thread sends is dated by when the loop takes it up, however long it had slept")
    func clock() async throws {
        let loop = try EventLoop()
        await loop.visit()
        let asleep = clinux_now()
        while clinux_now() < asleep + 20_000_000 { clinux_yield() }
        let sent = clinux_now()
        let seen = await withCheckedContinuation { done in loop.execute { done.resume(returning: loop.now) } }
        #expect(seen >= sent)
        loop.stop()
    }

    @Test(
        "A sleep ends when its task is cancelled, however long it was to be", arguments: [3600 * 1_000_000_000, .max])
    func cancelledSleep(nanoseconds: UInt64) async throws {
        let loop = try EventLoop()
        let (began, beginning) = AsyncStream.makeStream(of: Void.self)
        let task = Task(executorPreference: loop) {
            beginning.yield()
            await loop.sleep(nanoseconds: nanoseconds)
            return Task.isCancelled
        }
        for await _ in began { break }
        task.cancel()
        #expect(await task.value)
        loop.stop()
    }

    @Test("A sleep of a task that was cancelled before does not begin")
    func sleepAfterCancelling() async throws {
        let loop = try EventLoop()
        let task = Task(executorPreference: loop) {
            withUnsafeCurrentTask { $0?.cancel() }
            await loop.sleep(nanoseconds: 3600 * 1_000_000_000)
            return Task.isCancelled
        }
        #expect(await task.value)
        loop.stop()
    }

    @Test("Work that the loop gives itself is done at once, before the line after it")
    func executeOnLoop() async throws {
        let loop = try EventLoop()
        let steps: [String] = await withCheckedContinuation { done in
            loop.execute {
                let steps = Mutex<[String]>([])
                loop.execute { steps.withLock { $0.append(loop.isCurrent ? "on the loop" : "elsewhere") } }
                steps.withLock { $0.append("after") }
                done.resume(returning: steps.withLock { $0 })
            }
        }
        #expect(steps == ["on the loop", "after"])
        #expect(!loop.isCurrent)
        loop.stop()
    }
}

@Suite("A group of loops") struct EventLoopGroupTests {
    @Test("keeps a connection where it was accepted until another loop has clearly fewer")
    func tolerance() throws {
        let group = try EventLoopGroup(count: 3)
        defer { group.stop() }
        let (first, second, third) = (group.loops[0], group.loops[1], group.loops[2])
        first.connectionCount.store(4, ordering: .relaxed)
        #expect(group.loop(preferring: first) === first)
        first.connectionCount.store(5, ordering: .relaxed)
        second.connectionCount.store(1, ordering: .relaxed)
        #expect(group.loop(preferring: first) === third)
        #expect(group.loop(preferring: second) === second)
    }

    @Test("spreads connections that one loop accepts, so that none has many more than another")
    func spreading() throws {
        let group = try EventLoopGroup(count: 4)
        defer { group.stop() }
        for _ in 0..<400 {
            group.loop(preferring: group.loops[0]).connectionCount.add(1, ordering: .relaxed)
        }
        let counts = group.loops.map { $0.connectionCount.load(ordering: .relaxed) }
        #expect(counts.reduce(0, +) == 400)
        #expect(counts.max()! - counts.min()! <= 5, "\(counts)")
    }

    @Test("has one loop at least")
    func atLeastOne() throws {
        let group = try EventLoopGroup(count: 0)
        #expect(group.loops.count == 1)
        group.stop()
    }
}
