import Testing

@testable import FastDaemonServer

@Suite("Output that cannot be passed on yet") struct OutputBacklogTests {
    private typealias Backlog = OutputBacklog<UInt32>

    private static func append(_ bytes: [UInt8], to backlog: inout Backlog, _ stream: UInt32, regardless: Bool = false)
        -> Bool
    {
        bytes.withUnsafeBytes { backlog.append($0, to: stream, regardless: regardless) }
    }

    /// Takes it all, at most `step` bytes at a time, and returns what came for which stream.
    private static func drain(_ backlog: inout Backlog, by step: Int) -> [(stream: UInt32, bytes: [UInt8])] {
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
        var backlog = Backlog(budget: ByteBudget(limit: .max))
        let pieces: [(UInt32, String)] = [(1, "one"), (1, "two"), (2, "error"), (1, "three"), (2, "e"), (2, "nd")]
        for round in 0..<2 {
            for (stream, text) in pieces {
                let isTaken = Self.append(Array(text.utf8), to: &backlog, stream)
                #expect(isTaken)
            }
            #expect(backlog.count == 19 && !backlog.isEmpty)
            let taken = Self.drain(&backlog, by: step)
            #expect(taken.map(\.stream) == [1, 2, 1, 2], "round \(round)")
            #expect(taken.map { String(decoding: $0.bytes, as: UTF8.self) } == ["onetwo", "error", "three", "end"])
            #expect(backlog.count == 0 && backlog.isEmpty)
        }
    }

    @Test("Of one that is never empty, what comes is what went in")
    func endless() {
        var backlog = Backlog(budget: ByteBudget(limit: .max))
        var (written, read) = (0, 0)
        while read < 10_000 {
            for _ in 0..<2 where written < 10_000 {
                let isTaken = Self.append([UInt8(truncatingIfNeeded: written)], to: &backlog, UInt32(written % 3))
                #expect(isTaken)
                written += 1
            }
            let front = backlog.front
            #expect(front?.stream == UInt32(read % 3) && front?.bytes.first == UInt8(truncatingIfNeeded: read))
            backlog.removeFirst(1)
            read += 1
        }
        #expect(backlog.isEmpty)
    }

    @Test("It counts, hardly more than it holds, and is given back")
    func budget() {
        let budget = ByteBudget(limit: 1000)
        var backlog = Backlog(budget: budget)
        // Also where the limit is reached, and in the smallest pieces that there are, for two streams in turn.
        for index in 0..<200_000 { _ = Self.append([7], to: &backlog, UInt32(1 + index % 2), regardless: true) }
        #expect((180_000...600_000).contains(budget.inUse), "\(budget.inUse)")
        #expect(Self.drain(&backlog, by: 1).reduce(0) { $0 + $1.bytes.count } == 200_000)
        #expect(budget.inUse == 0)
        let many = [UInt8](repeating: 7, count: 50_000)
        let isRefused = !Self.append(many, to: &backlog, 1)
        #expect(isRefused && backlog.isEmpty && backlog.front == nil && budget.inUse == 0)
        let isTaken = Self.append(many, to: &backlog, 1, regardless: true)
        #expect(isTaken && backlog.count == 50_000 && budget.inUse > 30_000)
        backlog.removeAll()
        #expect(budget.inUse == 0 && backlog.isEmpty && backlog.front == nil)
    }
}
