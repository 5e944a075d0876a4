import Synchronization

/// Where the tasks of an operator hand their elements to its one consumer.
///
/// There is no buffer: a sender waits until its element was taken, and that is the back-pressure. The rules stand in
/// ``HandoffStateMachine``; this type adds the lock, the continuations (resumed outside the lock) and the task that the
/// senders belong to.
final class Handoff<Element: Sendable, Failure: Error>: Sendable {
    private typealias Sender = CheckedContinuation<Bool, Never>
    private typealias Receiver = CheckedContinuation<Result<Element?, Failure>, Never>

    private let machine: Mutex<HandoffStateMachine<Element, Failure, Sender, Receiver>>
    private let task = OperatorTask()

    init(order: ResultOrder) {
        machine = Mutex(HandoffStateMachine(order: order))
    }

    /// Starts the operator's task.
    ///
    /// - Parameter operation: sends, and returns when all that it started has ended; its result is the error that the
    ///   input ended with, if any.
    func start(on executor: (any TaskExecutor)?, _ operation: @escaping @Sendable () async -> Failure?) {
        task.start(on: executor) {
            let failure = await operation()
            self.end(failure)
        }
    }

    /// Hands an element over and waits until it was taken.
    ///
    /// - Returns: false where nobody will take it, and the sender should stop.
    func send(_ element: Element, turn: Int = 0) async -> Bool {
        var wasDelivered = false
        let goesOn = await withCheckedContinuation { sender in
            switch machine.withLock({ $0.send(element, turn: turn, sender: sender) }) {
            case .wait:
                break
            case .deliver(let element, let receiver, let sender):
                wasDelivered = true
                receiver.resume(returning: .success(element))
                sender.resume(returning: true)
            case .refuse:
                sender.resume(returning: false)
            }
        }
        // A sender that always has an element, and always finds the receiver waiting, would never suspend and keep
        // the other senders off its thread.
        if wasDelivered { await Task.yield() }
        return goesOn
    }

    /// The next element, or nil after the last. Cancelling the calling task stops all senders.
    func receive(isolation: isolated (any Actor)?) async throws(Failure) -> Element? {
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation(isolation: isolation) { (receiver: Receiver) in
                switch machine.withLock({ $0.receive(receiver) }) {
                case .wait:
                    break
                case .take(let element, let sender):
                    receiver.resume(returning: .success(element))
                    sender?.resume(returning: true)
                case .end(let failure):
                    receiver.resume(returning: Self.end(with: failure))
                }
            }
        } onCancel: {
            cancel()
        }
        return try result.get()
    }

    /// Stops everything because of an error, which the consumer gets when all has stopped.
    func fail(_ failure: Failure) {
        stop(machine.withLock { $0.fail(failure) })
    }

    /// Stops everything because nobody wants more elements.
    func cancel() {
        stop(machine.withLock { $0.cancel() })
    }

    private func stop(_ senders: [CheckedContinuation<Bool, Never>]?) {
        guard let senders else { return }
        task.cancel()
        for sender in senders { sender.resume(returning: false) }
    }

    private func end(_ failure: Failure?) {
        switch machine.withLock({ $0.end(failure) }) {
        case .none: break
        case .end(let receiver, let failure): receiver.resume(returning: Self.end(with: failure))
        }
    }

    private static func end(with failure: Failure?) -> Result<Element?, Failure> {
        failure.map(Result.failure) ?? .success(nil)
    }
}
