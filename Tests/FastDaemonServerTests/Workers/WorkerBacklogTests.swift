import Testing

@testable import FastDaemonServer

@Suite("What a worker wrote and nobody has taken yet") struct WorkerBacklogTests {
    /// Takes it all, at most `step` bytes at a time, and returns what came for which stream.
    private static func drain(_ backlog: inout WorkerBacklog, by step: Int) -> [(stream: UInt32, bytes: [UInt8])] {
        var taken: [(stream: UInt32, bytes: [UInt8])] = []
        while let front = backlog.front {
            let bytes = Array(front.bytes.prefix(step))
            if taken.last?.stream == front.stream {
                taken[taken.count - 1].bytes += bytes
            } else {
                taken.append((front.stream, bytes))
            }
            backlog.removeFirst(bytes.count)
        }
        return taken
    }

    @Test("It comes out in its order, for its streams, in pieces of any size", arguments: [1, 2, 3, 5, 100])
    func order(step: Int) {
        var backlog = WorkerBacklog(budget: ByteBudget(limit: .max))
        for round in 0..<2 {
            for (stream, text) in [(1, "one"), (1, "two"), (2, "error"), (1, "three"), (2, "e"), (2, "nd")]
                as [(UInt32, String)]
            {
                Array(text.utf8).withUnsafeBytes { backlog.append($0, to: stream) }
            }
            let taken = Self.drain(&backlog, by: step)
            #expect(taken.map(\.stream) == [1, 2, 1, 2], "round \(round)")
            #expect(taken.map { String(decoding: $0.bytes, as: UTF8.self) } == ["onetwo", "error", "three", "end"])
            #expect(backlog.isEmpty)
        }
    }

    @Test("It counts, hardly more than it holds, and is given back")
    func budget() {
        let budget = ByteBudget(limit: 1000)
        var backlog = WorkerBacklog(budget: budget)
        // Also where the limit is reached, and in the smallest pieces that there are, for two streams in turn.
        for index in 0..<200_000 { [UInt8(7)].withUnsafeBytes { backlog.append($0, to: UInt32(1 + index % 2)) } }
        #expect((180_000...600_000).contains(budget.inUse), "\(budget.inUse)")
        #expect(Self.drain(&backlog, by: 1).reduce(0) { $0 + $1.bytes.count } == 200_000)
        #expect(budget.inUse == 0)
        [UInt8](repeating: 7, count: 50_000).withUnsafeBytes { backlog.append($0, to: 1) }
        #expect(budget.inUse > 30_000)
        backlog.removeAll()
        #expect(budget.inUse == 0 && backlog.isEmpty && backlog.front == nil)
    }
}
