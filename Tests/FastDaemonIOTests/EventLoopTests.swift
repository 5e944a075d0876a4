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
}
