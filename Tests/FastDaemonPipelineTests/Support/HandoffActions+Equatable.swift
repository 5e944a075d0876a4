@testable import FastDaemonPipeline

extension HandoffStateMachine.SendAction: Equatable where Element: Equatable, Sender: Equatable, Receiver: Equatable {
    /// Whether both ask for the same.
    public static func == (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.wait, .wait), (.refuse, .refuse): true
        case (
            .deliver(let left, to: let leftReceiver, from: let leftSender),
            .deliver(let right, let receiver, let sender)
        ):
            left == right && leftReceiver == receiver && leftSender == sender
        default: false
        }
    }
}

extension HandoffStateMachine.ReceiveAction: Equatable
where Element: Equatable, Failure: Equatable, Sender: Equatable {
    /// Whether both ask for the same.
    public static func == (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.wait, .wait): true
        case (.take(let left, from: let leftSender), .take(let right, from: let sender)):
            left == right && leftSender == sender
        case (.end(let left), .end(let right)): left == right
        default: false
        }
    }
}

extension HandoffStateMachine.EndAction: Equatable where Failure: Equatable, Receiver: Equatable {
    /// Whether both ask for the same.
    public static func == (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.none, .none): true
        case (.end(let leftReceiver, let left), .end(let receiver, let right)):
            leftReceiver == receiver && left == right
        default: false
        }
    }
}
