import Testing

@testable import fastdaemon_bench

@Suite("The queue of connections with room")
struct IndexQueueTests {
    @Test("gives back in the order in which it was given, round its end")
    func order() {
        var queue = IndexQueue(capacity: 3)
        queue.append(0)
        queue.append(1)
        #expect(queue.popFirst() == 0)
        queue.append(2)
        queue.append(0)
        #expect(queue.count == 3)
        #expect([queue.popFirst(), queue.popFirst(), queue.popFirst(), queue.popFirst()] == [1, 2, 0, nil])
    }
}
