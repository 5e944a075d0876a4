/// What a program prints, for a test that waits for it line by line.
struct Printout: Sendable {
    private let lines: AsyncStream<String>
    private let continuation: AsyncStream<String>.Continuation

    init() {
        (lines, continuation) = AsyncStream.makeStream()
    }

    /// Stands in for `print`.
    func print(_ line: String) {
        continuation.yield(line)
    }

    /// The next so many lines, once they are printed.
    func next(_ count: Int = 1) async -> [String] {
        var printed: [String] = []
        var iterator = lines.makeAsyncIterator()
        while printed.count < count, let line = await iterator.next(isolation: #isolation) { printed.append(line) }
        return printed
    }
}
