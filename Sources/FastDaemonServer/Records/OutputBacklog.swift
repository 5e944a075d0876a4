/// Output that cannot be passed on yet, of several streams, in its order. It counts against the daemon's budget.
struct OutputBacklog<Stream: Equatable & Sendable> {
    private let budget: ByteBudget

    /// Nil until there is something: most calls have nothing to keep.
    private var bytes: ByteBuffer?

    /// How much of it is for which stream, from `first` on.
    private var runs: [Run] = []
    private var first = 0

    private struct Run {
        let stream: Stream
        var count: Int
    }

    init(budget: ByteBudget) {
        self.budget = budget
    }

    var isEmpty: Bool { runs.isEmpty }

    /// How many bytes it holds.
    var count: Int { bytes?.count ?? 0 }

    /// Puts bytes at its end, of which there is one at least. Returns false, and takes none, where the budget is used up.
    mutating func append(_ more: UnsafeRawBufferPointer, to stream: Stream, regardless: Bool) -> Bool {
        let bytes = bytes ?? ByteBuffer(budget: budget)
        self.bytes = bytes
        guard bytes.append(more, regardless: regardless) else { return false }
        if let last = runs.indices.last, runs[last].stream == stream {
            runs[last].count += more.count
        } else {
            runs.append(Run(stream: stream, count: more.count))
        }
        return true
    }

    /// What stands at the front, for one stream. Valid until the next change.
    var front: (stream: Stream, bytes: UnsafeRawBufferPointer)? {
        guard let bytes, !isEmpty else { return nil }
        return (runs[first].stream, UnsafeRawBufferPointer(rebasing: bytes.bytes[..<runs[first].count]))
    }

    /// Drops bytes from the front: as many as there are for one stream, at most.
    mutating func removeFirst(_ count: Int) {
        bytes?.removeFirst(count)
        runs[first].count -= count
        if runs[first].count > 0 { return }
        first += 1
        if first == runs.count { return removeAll() }
        // The array moves up only when half of it is gone, so that each run moves once at most.
        if first * 2 >= runs.count {
            runs.removeFirst(first)
            first = 0
        }
    }

    mutating func removeAll() {
        bytes?.removeAll()
        runs.removeAll()
        first = 0
    }
}
