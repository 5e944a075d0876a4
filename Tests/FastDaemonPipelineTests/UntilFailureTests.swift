import FastDaemonPipeline
import Synchronization
import Testing

@Suite("Ending where there would be an error")
struct UntilFailureTests {
    @Test("An error is reported once and becomes the end")
    func failure() async {
        let source = Source<Int, TestFailure>(1, 2)
        source.fail(TestFailure("reset"))
        source.send(3)
        let reports = Mutex<[TestFailure]>([])
        var iterator = source.untilFailure { failure in reports.withLock { $0.append(failure) } }.makeAsyncIterator()
        for expected in [1, 2, nil, nil] {
            #expect(await iterator.next(isolation: #isolation) == expected)
        }
        #expect(reports.withLock { $0 } == [TestFailure("reset")])
    }

    @Test("A sequence that ends by itself reports nothing")
    func end() async {
        let source = Source<Int, TestFailure>(1, endsAtOnce: true)
        let elements = source.untilFailure { Issue.record("reported \($0)") }
        var received: [Int] = []
        for await element in elements { received.append(element) }
        #expect(received == [1])
    }

    @Test("The error of one of several joined sequences leaves the others alone")
    func joined() async {
        let (broken, sound) = (Source<Int, TestFailure>(), Source<Int, TestFailure>(1, 2, endsAtOnce: true))
        broken.fail(TestFailure("reset"))
        var received: [Int] = []
        for await element in [broken, sound].map({ $0.untilFailure { _ in } }).joined() { received.append(element) }
        #expect(received == [1, 2])
    }
}
