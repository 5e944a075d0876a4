/// A gate in a program's way, which the test opens.
struct Gate: Sendable {
    private let reached = AsyncStream<Void>.makeStream()
    private let opened = AsyncStream<Void>.makeStream()

    /// Waits until it is open.
    @Sendable func pass() async {
        reached.continuation.finish()
        for await _ in opened.stream {}
    }

    /// Waits until somebody waits at it.
    func isReached() async {
        for await _ in reached.stream {}
    }

    func open() {
        opened.continuation.finish()
    }
}
