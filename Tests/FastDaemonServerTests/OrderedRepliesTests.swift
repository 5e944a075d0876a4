import Testing

@testable import FastDaemonServer

@Suite("Ordered replies") struct OrderedRepliesTests {
    private static func permutations(of elements: [Int]) -> [[Int]] {
        if elements.isEmpty { return [[]] }
        return elements.flatMap { first in
            permutations(of: elements.filter { $0 != first }).map { [first] + $0 }
        }
    }

    @Test("come out in the order of their requests, each as soon as it can, in whatever order five are completed")
    func everyPermutation() {
        let orders = Self.permutations(of: Array(0..<5))
        #expect(orders.count == 120)
        for order in orders {
            var replies = OrderedReplies<Int>()
            let slots = (0..<5).map { _ in replies.reserve() }
            var taken: [Int] = []
            var completed: Set<Int> = []
            for index in order {
                replies.complete(slots[index], with: index)
                completed.insert(index)
                while let reply = replies.next() { taken.append(reply) }
                #expect(taken == Array((0..<5).prefix { completed.contains($0) }), "\(order)")
                #expect(replies.count == 5 - taken.count)
            }
            #expect(replies.isEmpty)
        }
    }

    @Test("keep their places while others are taken and reserved")
    func interleaved() {
        var replies = OrderedReplies<String>()
        let first = replies.reserve()
        let second = replies.reserve()
        replies.complete(first, with: "first")
        #expect(replies.next() == "first")
        let third = replies.reserve()
        replies.complete(third, with: "third")
        #expect(replies.next() == nil)
        replies.complete(second, with: "second")
        #expect(replies.next() == "second")
        #expect(replies.next() == "third")
        #expect(replies.next() == nil)
        #expect(replies.isEmpty)
    }
}
