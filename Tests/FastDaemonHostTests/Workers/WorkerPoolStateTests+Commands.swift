import Testing

@testable import FastDaemonHost

/// What one command's crashes are to the others of its plugin.
extension WorkerPoolStateTests {
    /// A pool of one worker in which `bad` crashes each second, and `good` is answered in between. Returns the number of
    /// its worker, too.
    private static func poolWithBadCommand(crashes: Int) -> (State, worker: Int) {
        var state = pool(1)
        for crash in 1...crashes {
            let (ticket, now) = (UInt64(crash), UInt64(crash) * second)
            #expect(state.enter(2 * ticket, command: "good", at: now) == .run(in: crash))
            #expect(leave(&state, crash, 2 * ticket, at: now).isEmpty)
            #expect(state.enter(2 * ticket + 1, command: "bad", at: now) == .run(in: crash))
            let (isCrash, actions) = state.noteEnd(crash, at: now)
            #expect(isCrash && texts(actions) == ["start \(crash + 1)"], "it is replaced at once")
            #expect(leave(&state, crash, 2 * ticket + 1, isAnswered: false, at: now).isEmpty)
            #expect(state.noteLoaded(crash + 1, at: now).isEmpty)
        }
        return (state, crashes + 1)
    }

    @Test("A command whose calls always crash is refused, though another of the plugin is answered in between")
    func badCommand() {
        var (state, worker) = Self.poolWithBadCommand(crashes: 5)
        let now = 5 * Self.second
        #expect(state.enter(100, command: "bad", at: now) == .refused)
        #expect(state.enter(101, command: "good", at: now) == .run(in: worker))
        #expect(Self.leave(&state, worker, 101, at: now).isEmpty)
        #expect(state.enter(102, command: "bad", at: 15 * Self.second - 1) == .refused, "whatever others do")
        #expect(state.enter(103, command: "bad", at: 15 * Self.second) == .run(in: worker))
        #expect(state.enter(104, command: "bad", at: 15 * Self.second) == .refused, "one is tried")
        #expect(Self.leave(&state, worker, 103, at: 15 * Self.second).isEmpty)
        #expect(state.enter(105, command: "bad", at: 15 * Self.second) == .run(in: worker))
    }

    @Test("One that is answered in between is not, however often it crashes")
    func badCommandAtTimes() {
        var (state, worker) = Self.poolWithBadCommand(crashes: 1)
        for crash in 1...100 as ClosedRange<UInt64> {
            #expect(state.enter(crash, command: "bad", at: Self.second) == .run(in: worker))
            #expect(Self.leave(&state, worker, crash, at: Self.second).isEmpty)
            #expect(state.enter(crash, command: "bad", at: Self.second) == .run(in: worker))
            #expect(Self.texts(state.noteEnd(worker, at: Self.second).1) == ["start \(worker + 1)"])
            worker += 1
            #expect(state.noteLoaded(worker, at: Self.second).isEmpty)
        }
    }

    @Test("Who waits to call it is told; who waits to call another has the next worker")
    func badCommandRefuses() {
        var (state, worker) = Self.poolWithBadCommand(crashes: 4)
        let now = 5 * Self.second
        #expect(state.enter(100, command: "good", at: now) == .run(in: worker))
        #expect(Self.leave(&state, worker, 100, at: now).isEmpty)
        #expect(state.enter(101, command: "bad", at: now) == .run(in: worker))
        for (ticket, command) in [(102, "bad"), (103, "good")] as [(UInt64, String)] {
            #expect(state.enter(ticket, command: command, at: now) == .wait)
            #expect(state.enqueue("\(ticket)", ticket: ticket, command: command, at: now).isEmpty)
        }
        #expect(Self.texts(state.noteEnd(worker, at: now).1) == ["refuse 102", "start \(worker + 1)"])
        #expect(Self.texts(state.noteLoaded(worker + 1, at: now)) == ["run 103 in \(worker + 1)"])
    }
}
