import Testing

@testable import FastDaemonPipeline

@Suite("The queues")
struct QueueTests {
    @Test(
        "What goes in first comes out first, however pushes and pops are mixed", arguments: [1, 2, 3, 31, 32, 33, 100])
    func order(burst: Int) {
        var queue = Queue<Int>()
        var pushed = 0
        var popped: [Int] = []
        // Each round puts in one burst and takes out about two thirds of it, so that the queue grows past its gap.
        for _ in 0..<50 {
            for _ in 0..<burst {
                queue.append(pushed)
                pushed += 1
            }
            for _ in 0...(burst * 2 / 3) {
                if let element = queue.popFirst() { popped.append(element) }
            }
        }
        #expect(popped + queue.removeAll() == Array(0..<pushed))
        #expect(queue.isEmpty)
        #expect(queue.popFirst() == nil)
    }

    @Test("An element that left the queue is not kept alive")
    func releases() {
        final class Token {}
        var queue = Queue<Token>()
        weak var first: Token?
        do {
            let token = Token()
            first = token
            queue.append(token)
            queue.append(Token())
        }
        #expect(first != nil)
        _ = queue.popFirst()
        #expect(first == nil)
    }

    @Test("Everything can be taken out at once, and the turn stays")
    func removeAll() {
        var queue = TurnQueue<String>(.inInputOrder)
        queue.insert("a", turn: 0)
        #expect(queue.popFirst() == "a")
        queue.insert("c", turn: 2)
        queue.insert("d", turn: 3)
        #expect(queue.removeAll().sorted() == ["c", "d"])
        #expect(queue.popFirst() == nil)
        queue.insert("b", turn: 1)
        #expect(queue.popFirst() == "b")
    }
}
