/// The rules of a ``Handoff``: no lock, no task, no continuation.
///
/// Every transition changes the state and returns what is to be done outside. What stands for a waiting task is left
/// open (`Sender`, `Receiver`), so that a test can put numbers where the program puts continuations.
struct HandoffStateMachine<Element: Sendable, Failure: Error, Sender: Sendable, Receiver: Sendable> {
    private enum Phase {
        /// The operator's tasks run.
        case open
        /// They were told to stop, and some may still run.
        case stopping
        /// None runs any more.
        case ended
    }

    private var phase = Phase.open
    /// Elements whose senders wait until they are taken. Empty unless open.
    private var waiting: TurnQueue<(element: Element, sender: Sender)>
    /// Elements that were there before the failure, still to be taken; their senders are gone. Empty while open.
    private var leftOver = Queue<Element>()
    /// Thrown once, after the last element.
    private var failure: Failure?
    private var receiver: Receiver?

    init(order: ResultOrder) {
        waiting = TurnQueue(order)
    }

    enum SendAction {
        /// The sender waits until its element is taken.
        case wait
        /// Hand the element to the receiver, which waits for it, and let that element's sender go on.
        case deliver(Element, to: Receiver, from: Sender)
        /// Nobody will take it: tell the sender to stop.
        case refuse
    }

    mutating func send(_ element: Element, turn: Int, sender: Sender) -> SendAction {
        guard phase == .open else { return .refuse }
        waiting.insert((element, sender), turn: turn)
        guard let receiver, let next = waiting.popFirst() else { return .wait }
        self.receiver = nil
        return .deliver(next.element, to: receiver, from: next.sender)
    }

    enum ReceiveAction {
        /// The receiver waits for an element or the end.
        case wait
        /// Here is one; let its sender, where there still is one, go on.
        case take(Element, from: Sender?)
        /// There is none and there will be none.
        case end(Failure?)
    }

    mutating func receive(_ receiver: Receiver) -> ReceiveAction {
        precondition(self.receiver == nil, "an iterator was asked for its next element by two tasks at the same time")
        if let next = waiting.popFirst() { return .take(next.element, from: next.sender) }
        if let next = leftOver.popFirst() { return .take(next, from: nil) }
        guard phase == .ended else {
            self.receiver = receiver
            return .wait
        }
        return .end(failure.take())
    }

    /// The tasks must stop, and so must these senders. Nil where they already do.
    typealias StopAction = [Sender]?

    /// One of the operator's tasks failed. The first failure counts. What had come before it can still be received.
    mutating func fail(_ failure: Failure) -> StopAction {
        guard phase == .open else { return nil }
        phase = .stopping
        self.failure = failure
        var senders: [Sender] = []
        while let next = waiting.popFirst() {
            leftOver.append(next.element)
            senders.append(next.sender)
        }
        return senders + waiting.removeAll().map(\.sender)
    }

    /// The consumer was cancelled or went away: it wants no more elements.
    mutating func cancel() -> StopAction {
        _ = leftOver.removeAll()
        guard phase == .open else { return nil }
        phase = .stopping
        return waiting.removeAll().map(\.sender)
    }

    enum EndAction {
        case none
        case end(Receiver, Failure?)
    }

    /// None of the operator's tasks runs any more.
    ///
    /// Only now does a receiver learn of the end or of the failure: whoever has left the loop can rely on it that
    /// nothing goes on behind its back.
    ///
    /// - Parameter failure: the error with which the input ended; one that was there before it counts more.
    mutating func end(_ failure: Failure?) -> EndAction {
        if phase == .open { self.failure = failure }
        phase = .ended
        guard let receiver = self.receiver.take() else { return .none }
        return .end(receiver, self.failure.take())
    }
}
