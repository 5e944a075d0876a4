import Testing

@testable import FastDaemonPipeline

/// Senders and receivers are numbers and letters here: the rules are tried without a task.
@Suite("The rules of a handoff")
struct HandoffStateMachineTests {
    typealias Machine = HandoffStateMachine<String, TestFailure, Int, Character>

    @Test("An element waits for a receiver, and its sender with it")
    func senderFirst() {
        var machine = Machine(order: .asCompleted)
        #expect(machine.send("a", turn: 0, sender: 1) == .wait)
        #expect(machine.receive("R") == .take("a", from: 1))
    }

    @Test("A receiver waits for an element, which is delivered at once")
    func receiverFirst() {
        var machine = Machine(order: .asCompleted)
        #expect(machine.receive("R") == .wait)
        #expect(machine.send("a", turn: 0, sender: 1) == .deliver("a", to: "R", from: 1))
        #expect(machine.send("b", turn: 0, sender: 2) == .wait)
    }

    @Test("As completed, the first to come is the first to be taken, whatever its turn")
    func firstComeFirstServed() {
        var machine = Machine(order: .asCompleted)
        for (sender, turn) in [(1, 2), (2, 0), (3, 1)] {
            #expect(machine.send("\(turn)", turn: turn, sender: sender) == .wait)
        }
        #expect(machine.receive("R") == .take("2", from: 1))
        #expect(machine.receive("R") == .take("0", from: 2))
        #expect(machine.receive("R") == .take("1", from: 3))
    }

    @Test("In input order, a receiver waits for the turn although later elements are there")
    func turns() {
        var machine = Machine(order: .inInputOrder)
        #expect(machine.send("c", turn: 2, sender: 3) == .wait)
        #expect(machine.receive("R") == .wait)
        #expect(machine.send("b", turn: 1, sender: 2) == .wait)
        #expect(machine.send("a", turn: 0, sender: 1) == .deliver("a", to: "R", from: 1))
        #expect(machine.receive("R") == .take("b", from: 2))
        #expect(machine.receive("R") == .take("c", from: 3))
    }

    @Test("The end is told to a receiver that waits, and to every later one")
    func end() {
        var machine = Machine(order: .asCompleted)
        #expect(machine.receive("R") == .wait)
        #expect(machine.end(nil) == .end("R", nil))
        #expect(machine.receive("S") == .end(nil))
    }

    @Test("An error that ended the input is thrown once, then there is only the end")
    func endWithFailure() {
        var machine = Machine(order: .asCompleted)
        #expect(machine.end(TestFailure("input")) == .none)
        #expect(machine.receive("R") == .end(TestFailure("input")))
        #expect(machine.receive("R") == .end(nil))
    }

    @Test("A failure sends the senders away, leaves what was ready, and is thrown when all tasks have ended")
    func fail() {
        var machine = Machine(order: .asCompleted)
        #expect(machine.send("a", turn: 0, sender: 1) == .wait)
        #expect(machine.send("b", turn: 1, sender: 2) == .wait)
        #expect(machine.fail(TestFailure("first")) == [1, 2])
        #expect(machine.fail(TestFailure("second")) == nil)
        #expect(machine.send("c", turn: 2, sender: 3) == .refuse)
        #expect(machine.receive("R") == .take("a", from: nil))
        #expect(machine.receive("R") == .take("b", from: nil))
        #expect(machine.receive("R") == .wait)
        #expect(machine.end(nil) == .end("R", TestFailure("first")))
        #expect(machine.receive("R") == .end(nil))
    }

    @Test("In input order, a failure drops what came before its turn")
    func failInInputOrder() {
        var machine = Machine(order: .inInputOrder)
        #expect(machine.send("a", turn: 0, sender: 1) == .wait)
        #expect(machine.send("c", turn: 2, sender: 3) == .wait)
        #expect(machine.fail(TestFailure("b")) == [1, 3])
        #expect(machine.end(TestFailure("input")) == .none)
        #expect(machine.receive("R") == .take("a", from: nil))
        #expect(machine.receive("R") == .end(TestFailure("b")))
    }

    @Test("A receiver that waits while a failure comes is told only when all tasks have ended")
    func failWithReceiver() {
        var machine = Machine(order: .asCompleted)
        #expect(machine.receive("R") == .wait)
        #expect(machine.fail(TestFailure("first")) == [])
        #expect(machine.end(nil) == .end("R", TestFailure("first")))
    }

    @Test("Cancelling sends the senders away and drops their elements; the receiver is told when all tasks have ended")
    func cancel() {
        var machine = Machine(order: .inInputOrder)
        #expect(machine.send("b", turn: 1, sender: 2) == .wait)
        #expect(machine.receive("R") == .wait)
        #expect(machine.cancel() == [2])
        #expect(machine.cancel() == nil)
        #expect(machine.send("a", turn: 0, sender: 1) == .refuse)
        #expect(machine.end(nil) == .end("R", nil))
    }

    @Test("Cancelling after a failure drops the elements and keeps the failure")
    func cancelAfterFailure() {
        var machine = Machine(order: .asCompleted)
        #expect(machine.send("a", turn: 0, sender: 1) == .wait)
        #expect(machine.fail(TestFailure("first")) == [1])
        #expect(machine.cancel() == nil)
        #expect(machine.receive("R") == .wait)
        #expect(machine.end(nil) == .end("R", TestFailure("first")))
    }

    @Test("Cancelling after the end changes nothing")
    func cancelAfterEnd() {
        var machine = Machine(order: .asCompleted)
        #expect(machine.end(nil) == .none)
        #expect(machine.cancel() == nil)
        #expect(machine.receive("R") == .end(nil))
    }
}
