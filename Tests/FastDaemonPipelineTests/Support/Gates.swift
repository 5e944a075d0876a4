/// Numbered gates, shut until the test opens them. One task waits at each; cancelling it lets it through, unless the
/// gates ignore that.
struct Gates: Sendable {
    private let gates: [Source<Void, Never>]

    init(_ count: Int, ignoringCancellation: Bool = false) {
        gates = (0..<count).map { _ in Source(ignoresCancellation: ignoringCancellation) }
    }

    /// - Returns: whether the gate was opened; false where the task was cancelled.
    @discardableResult
    func wait(at index: Int) async -> Bool {
        await gates[index].makeAsyncIterator().next(isolation: nil) != nil
    }

    func open(_ index: Int) { gates[index].send(()) }

    /// Who waits or has waited there.
    var reached: [Int] { gates.indices.filter { gates[$0].asked > 0 } }
    /// Who waits there now.
    var waiting: [Int] { gates.indices.filter { gates[$0].isWaitedFor } }
    /// Who was cancelled while it waited.
    var cancelled: [Int] { gates.indices.filter { gates[$0].wasCancelled } }
}
