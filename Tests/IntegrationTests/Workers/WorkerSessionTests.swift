import TestSupport
import Testing

/// What holds for every command holds for one that runs in a worker process: tests of sessions, run once more.
@Suite("Sessions in worker processes", .ownThread, .timeLimit(.minutes(3))) struct WorkerSessionTests {
    /// Runs tests on daemons whose plugins are served by workers.
    private func inWorkers(_ tests: () throws -> Void) rethrows {
        try DaemonConfiguration.$usesWorkers.withValue(true, operation: tests)
    }

    @Test("Signals cancel, and tell of a new size")
    func signals() throws {
        let suite = SessionSignalTests()
        try inWorkers {
            try suite.cancels(number: 2)
            try suite.shipped(number: 15, status: 143)
            try suite.windowSize()
            try suite.whileWaiting()
        }
    }

    @Test("Time that has passed cancels, and is told")
    func time() throws {
        let suite = SessionSignalTests()
        try inWorkers {
            try suite.timeout()
            try suite.timeoutUnheeded()
            try suite.timeoutBlocked(command: "cat")
            for command in ["left", "left-inline"] { try TimeLimitTests().facts(command: command) }
        }
    }

    @Test("Input is pulled, and goes through unchanged")
    func input() throws {
        let suite = SessionInputTests()
        try inWorkers {
            try suite.pulled()
            try suite.endsBeforeInput(command: "head1")
            try suite.lineByLine()
            for command in ["cat", "echo", "pieces", "whole"] { try suite.binary(command: command) }
            try suite.empty(command: "whole")
        }
    }

    @Test("Output comes as it is written, whole, in order, and within the credit")
    func output() throws {
        let suite = SessionOutputTests()
        try inWorkers {
            try suite.order()
            try suite.atOnce(kind: "unix")
            try suite.sharedCredit()
            try suite.threads(window: 65_536)
            try suite.amounts(count: 65_537)
            try suite.beyondReplyLimit(command: "inline-flood")
            try suite.bothWays(command: "cat")
        }
    }

    @Test("Who hangs up cancels, whatever the handler does")
    func hangUp() throws {
        let suite = SessionHangUpTests()
        try inWorkers {
            try suite.running(way: .both)
            try suite.writing(way: .both)
            try suite.reading(way: .both)
            try suite.unheeded()
        }
    }

    @Test("Words, environment, directory, terminals and caller are the caller's own")
    func request() throws {
        let suite = SessionRequestTests()
        try inWorkers {
            try suite.words()
            try suite.environment()
            try suite.directory()
            try suite.terminals()
            try suite.caller()
        }
    }

    @Test("Who waits for a turn is told of a full line, keeps the deadline, and leaves the line by hanging up")
    func line() throws {
        let suite = WaitingTests()
        try inWorkers {
            try suite.busy()
            try suite.deadline()
            try suite.hangUp()
        }
    }

    @Test("The end is the handler's own, whether it comes at once or later")
    func end() throws {
        let suite = SessionEndTests()
        try inWorkers {
            try suite.everyStatus(command: "exit")
            try suite.callNumber()
            for command in ["later", "later-at-once", "later-pool"] { try suite.later(command: command) }
            try suite.inputTooLarge()
            try suite.sameHandler()
        }
    }
}
