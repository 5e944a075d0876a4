/// What a handler in a worker wrote and its call could not take yet. It counts against the daemon's budget.
struct WorkerBacklog {
    private let bytes: ByteBuffer

    /// How much of it is for which stream, from `first` on.
    private var runs: [Run] = []
    private var first = 0

    private struct Run {
        let stream: UInt32
        var count: Int
    }

    init(budget: ByteBudget) {
        bytes = ByteBuffer(budget: budget)
    }

    var isEmpty: Bool { first == runs.count }

    /// Puts bytes at its end, whatever the budget: the handler had the credit for them.
    mutating func append(_ more: UnsafeRawBufferPointer, to stream: UInt32) {
        bytes.append(more, regardless: true)
        if let last = runs.indices.last, last >= first, runs[last].stream == stream {
            runs[last].count += more.count
        } else {
            runs.append(Run(stream: stream, count: more.count))
        }
    }

    /// What stands at the front, for one stream. Valid until the next change.
    var front: (stream: UInt32, bytes: UnsafeRawBufferPointer)? {
        if isEmpty { return nil }
        return (runs[first].stream, UnsafeRawBufferPointer(rebasing: bytes.bytes[..<runs[first].count]))
    }

    /// Drops bytes from the front: as many as there are for one stream, at most.
    mutating func removeFirst(_ count: Int) {
        bytes.removeFirst(count)
        runs[first].count -= count
        if runs[first].count > 0 { return }
        first += 1
        if isEmpty { removeAll() }
    }

    mutating func removeAll() {
        bytes.removeAll()
        runs.removeAll()
        first = 0
    }
}
