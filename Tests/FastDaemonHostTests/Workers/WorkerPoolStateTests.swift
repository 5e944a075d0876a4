import Testing

@testable import FastDaemonHost

@Suite("The state of a pool of workers") struct WorkerPoolStateTests {
    typealias State = WorkerPoolState<String>

    static let second: UInt64 = 1_000_000_000

    /// A pool whose workers are there, numbered from 1.
    static func pool(
        _ processes: Int = 2, callsAtOnce: Int = 1, callsPerWorker: Int = 0, idleMemory: UInt64 = .max
    ) -> State {
        var state = State(
            .init(
                processes: processes, callsAtOnce: callsAtOnce, callsPerWorker: callsPerWorker,
                idleMemoryBytes: idleMemory))
        #expect(texts(state.tick(at: 0)) == ["start 1"], "one alone, to try the library")
        #expect(texts(state.noteLoaded(1, at: 0)) == (1..<processes).map { "start \($0 + 1)" })
        for worker in 2..<(processes + 1) where processes > 1 { #expect(state.noteLoaded(worker, at: 0).isEmpty) }
        return state
    }

    static func texts(_ actions: [State.Action]) -> [String] {
        actions.map { action in
            switch action {
            case .start(let worker): "start \(worker)"
            case .stop(let worker): "stop \(worker)"
            case .terminate(let worker): "terminate \(worker)"
            case .kill(let worker): "kill \(worker)"
            case .run(let waiter, let worker): "run \(waiter) in \(worker)"
            case .refuse(let waiter): "refuse \(waiter)"
            }
        }
    }

    static func leave(
        _ state: inout State, _ worker: Int, _ ticket: UInt64, isAnswered: Bool = true, resident: UInt64 = 0,
        at now: UInt64 = 0
    ) -> [String] {
        texts(state.leave(worker, ticket, isAnswered: isAnswered, residentBytes: resident, at: now))
    }

    // MARK: - Calls

    @Test("Calls go to the worker that has the fewest, and wait where all are full")
    func spreading() {
        var state = Self.pool(2, callsAtOnce: 2)
        let places = (1...4).map { state.enter(UInt64($0), command: "c", at: 0) }
        #expect(places == [.run(in: 1), .run(in: 2), .run(in: 1), .run(in: 2)])
        #expect(state.enter(5, command: "c", at: 0) == .wait)
        #expect(state.enqueue("five", ticket: 5, command: "c", at: 0).isEmpty)
        #expect(state.enter(6, command: "c", at: 0) == .wait)
        #expect(state.enqueue("six", ticket: 6, command: "c", at: 0).isEmpty)
        #expect(Self.leave(&state, 2, 2) == ["run five in 2"])
        #expect(state.abandon(6, at: 0) == "six")
        #expect(state.abandon(5, at: 0) == nil, "it runs")
        #expect(Self.leave(&state, 1, 1).isEmpty)
    }

    // MARK: - Crashes

    @Test("A crash after an answered call is replaced at once, and costs no waiting call its turn")
    func crash() {
        var state = Self.pool()
        _ = state.enter(1, command: "good", at: 0)
        #expect(Self.leave(&state, 1, 1).isEmpty)
        #expect(state.enter(2, command: "bad", at: 0) == .run(in: 1))
        #expect(state.enter(3, command: "good", at: 0) == .run(in: 2))
        #expect(state.enter(4, command: "good", at: 0) == .wait)
        _ = state.enqueue("four", ticket: 4, command: "good", at: 0)
        let (isCrash, actions) = state.noteEnd(1, at: 5)
        #expect(isCrash)
        #expect(Self.texts(actions) == ["start 3"])
        #expect(Self.leave(&state, 1, 2, isAnswered: false).isEmpty)
        #expect(Self.texts(state.noteLoaded(3, at: 6)) == ["run four in 3"])
    }

    @Test("A pool that always crashes starts few workers, then refuses, then tries one call at a time")
    func alwaysCrashing() {
        var state = Self.pool()
        var starts = 2
        var now: UInt64 = 0
        var ticket: UInt64 = 0
        var refusedSince: UInt64?
        // A call every 10 ms for a minute, each of which crashes its worker at once.
        while now < 60 * Self.second {
            now += Self.second / 100
            ticket += 1
            var pending = state.tick(at: now)
            switch state.enter(ticket, command: "bad", at: now) {
            case .run(let worker):
                pending += state.noteEnd(worker, at: now).1
                pending += state.leave(worker, ticket, isAnswered: false, residentBytes: 0, at: now)
            case .wait: pending += state.enqueue("\(ticket)", ticket: ticket, command: "bad", at: now)
            case .refused: refusedSince = refusedSince ?? now
            }
            while let action = pending.popLast() {
                switch action {
                case .start(let worker):
                    starts += 1
                    pending += state.noteLoaded(worker, at: now)
                case .run(let waiter, let worker):
                    pending += state.noteEnd(worker, at: now).1
                    pending += state.leave(
                        worker, UInt64(waiter)!, isAnswered: false, residentBytes: 0, at: now)
                default: break
                }
            }
        }
        #expect(starts <= 10)
        #expect(refusedSince != nil && refusedSince! < 5 * Self.second)
        #expect(state.waitingCount == 0)
    }

    @Test("A quarantine tells those who wait")
    func quarantineRefuses() {
        var state = Self.pool(1)
        var worker = 1
        for crash in 1...4 as ClosedRange<UInt64> {
            let now = crash * Self.second
            _ = state.noteEnd(worker, at: now)
            worker += 1
            #expect(Self.texts(state.tick(at: now + Self.second - 1)) == ["start \(worker)"])
        }
        #expect(state.enter(1, command: "c", at: 5 * Self.second) == .wait)
        #expect(Self.texts(state.enqueue("one", ticket: 1, command: "c", at: 5 * Self.second)).isEmpty)
        #expect(Self.texts(state.noteEnd(worker, at: 5 * Self.second).1) == ["refuse one"])
        #expect(state.enter(2, command: "c", at: 6 * Self.second) == .refused)
        #expect(state.nextDeadline == nil, "nothing is started until somebody calls")
        #expect(state.enter(3, command: "c", at: 15 * Self.second) == .wait)
        #expect(Self.texts(state.enqueue("three", ticket: 3, command: "c", at: 15 * Self.second)) == ["start 6"])
        #expect(state.enter(4, command: "c", at: 15 * Self.second) == .refused)
        #expect(Self.texts(state.noteLoaded(6, at: 15 * Self.second)) == ["run three in 6"])
        #expect(Self.leave(&state, 6, 3, at: 15 * Self.second).isEmpty)
        #expect(state.enter(5, command: "c", at: 15 * Self.second) == .run(in: 6))
    }

    @Test("A worker that does not load its library in time is killed, which is a crash")
    func hangingStart() {
        var state = Self.pool(1)
        _ = state.noteEnd(1, at: 0)
        #expect(Self.texts(state.tick(at: Self.second)) == ["start 2"])
        #expect(state.nextDeadline == 6 * Self.second)
        #expect(Self.texts(state.tick(at: 6 * Self.second)) == ["kill 2"])
        #expect(Self.texts(state.tick(at: 7 * Self.second)).isEmpty, "once is enough")
        #expect(state.noteEnd(2, at: 7 * Self.second).isCrash)
    }

    @Test("A worker whose session broke off gets no more calls, and is killed where it does not end")
    func loss() {
        var state = Self.pool(1)
        _ = state.enter(1, command: "c", at: 0)
        state.noteLoss(in: 1, at: 0)
        #expect(state.enter(2, command: "c", at: 0) == .wait)
        #expect(Self.texts(state.tick(at: Self.second)).contains("kill 1"))
        #expect(state.noteEnd(1, at: Self.second).isCrash)
    }

    // MARK: - Replacement

    @Test("A worker that has had its calls serves until its replacement does, and is then stopped when idle")
    func wear() {
        var state = Self.pool(1, callsPerWorker: 2)
        _ = state.enter(1, command: "c", at: 0)
        #expect(Self.leave(&state, 1, 1).isEmpty)
        _ = state.enter(2, command: "c", at: 0)
        #expect(Self.leave(&state, 1, 2) == ["start 2"])
        #expect(state.enter(3, command: "c", at: 0) == .run(in: 1))
        #expect(state.noteLoaded(2, at: 0).isEmpty, "the old one is busy")
        #expect(state.enter(4, command: "c", at: 0) == .run(in: 2))
        #expect(Self.leave(&state, 1, 3) == ["stop 1"])
        let (isCrash, actions) = state.noteEnd(1, at: 1)
        #expect(!isCrash && actions.isEmpty)
    }

    @Test("One that keeps too much memory is replaced likewise; one that does not end is killed")
    func memory() {
        var state = Self.pool(1, idleMemory: 1000)
        _ = state.enter(1, command: "c", at: 0)
        #expect(Self.leave(&state, 1, 1, resident: 1000).isEmpty)
        _ = state.enter(2, command: "c", at: 0)
        #expect(Self.leave(&state, 1, 2, resident: 1001) == ["start 2"])
        #expect(Self.texts(state.noteLoaded(2, at: 0)) == ["stop 1"])
        #expect(Self.texts(state.tick(at: 5 * Self.second)) == ["kill 1"])
        #expect(!state.noteEnd(1, at: 5 * Self.second).isCrash)
    }

    @Test("When settings have changed, workers are replaced, too, and those with calls end them first")
    func renewal() {
        var state = Self.pool(2)
        #expect(state.enter(1, command: "c", at: 0) == .run(in: 1))
        #expect(Self.texts(state.renew(at: 0)) == ["start 3", "start 4"])
        #expect(state.enter(2, command: "c", at: 0) == .run(in: 2), "they serve until then")
        #expect(Self.leave(&state, 2, 2).isEmpty)
        #expect(state.noteLoaded(3, at: 0).isEmpty, "it takes the place of the first, which is busy")
        #expect(Self.texts(state.noteLoaded(4, at: 0)) == ["stop 2"])
        #expect(Self.leave(&state, 1, 1) == ["stop 1"])
        #expect(state.breaker.crashCount == 0)
    }

    @Test("One that was being started then is replaced, too")
    func renewalAtStart() {
        var state = Self.pool(1, callsPerWorker: 1)
        #expect(state.enter(1, command: "c", at: 0) == .run(in: 1))
        #expect(Self.leave(&state, 1, 1) == ["start 2"])
        #expect(state.renew(at: 0).isEmpty)
        #expect(Self.texts(state.noteLoaded(2, at: 0)) == ["start 3"])
        #expect(Self.texts(state.noteLoaded(3, at: 0)) == ["stop 1", "stop 2"])
    }

    // MARK: - Ending

    @Test("A worker that is told to end is killed after the grace, and replaced meanwhile; that is no crash")
    func termination() {
        var state = Self.pool(1)
        _ = state.enter(1, command: "c", at: 0)
        #expect(Self.texts(state.terminate(1, grace: Self.second, at: 10)) == ["terminate 1", "start 2"])
        #expect(state.terminate(1, grace: Self.second, at: 11).isEmpty)
        #expect(state.nextDeadline == Self.second + 10)
        #expect(Self.texts(state.tick(at: Self.second + 10)) == ["kill 1"])
        #expect(!state.noteEnd(1, at: Self.second + 11).isCrash)
        #expect(state.terminate(1, grace: 0, at: Self.second + 12).isEmpty, "it is gone")
        #expect(state.breaker.crashCount == 0)
    }

    @Test("A worker whose calls have all lost their callers is ended, though there are several")
    func forsaken() {
        var state = Self.pool(1, callsAtOnce: 3)
        for ticket in 1...2 as ClosedRange<UInt64> { #expect(state.enter(ticket, command: "c", at: 0) == .run(in: 1)) }
        #expect(Self.texts(state.forsake(1, grace: Self.second, at: 10)) == ["start 2"])
        #expect(Self.texts(state.forsake(2, grace: Self.second, at: 20)) == ["terminate 1"])
        #expect(state.forsake(2, grace: Self.second, at: 30).isEmpty, "once is enough")
        #expect(Self.texts(state.tick(at: Self.second + 20)) == ["kill 1"])
        #expect(!state.noteEnd(1, at: Self.second + 21).isCrash)
        #expect(state.forsake(2, grace: Self.second, at: Self.second + 22).isEmpty, "it is gone")
    }

    @Test("A worker with a call that lost its caller takes no more, and ends when those of others have ended")
    func partlyForsaken() {
        var state = Self.pool(1, callsAtOnce: 3)
        for ticket in 1...2 as ClosedRange<UInt64> { #expect(state.enter(ticket, command: "c", at: 0) == .run(in: 1)) }
        #expect(Self.texts(state.forsake(1, grace: Self.second, at: 10)) == ["start 2"])
        #expect(state.noteLoaded(2, at: 11).isEmpty)
        #expect(state.enter(3, command: "c", at: 12) == .run(in: 2), "though the first has room")
        #expect(Self.leave(&state, 1, 2, at: 20) == ["terminate 1"])
        #expect(state.nextDeadline == Self.second + 20)
    }

    @Test("A call that lost its caller and ends after all leaves a worker that is stopped when idle")
    func forsakenThatEnds() {
        var state = Self.pool(1, callsAtOnce: 3)
        for ticket in 1...2 as ClosedRange<UInt64> { #expect(state.enter(ticket, command: "c", at: 0) == .run(in: 1)) }
        #expect(Self.texts(state.forsake(1, grace: Self.second, at: 10)) == ["start 2"])
        #expect(Self.leave(&state, 1, 1).isEmpty)
        #expect(Self.leave(&state, 1, 2) == ["stop 1"])
    }

    @Test("A pool that closes refuses who waits, stops idle workers at once and busy ones when they are done")
    func closing() {
        var state = Self.pool(2)
        #expect(state.enter(1, command: "c", at: 0) == .run(in: 1))
        #expect(Self.texts(state.close(at: 0)) == ["stop 2"])
        #expect(state.enter(2, command: "c", at: 0) == .refused)
        #expect(Self.leave(&state, 1, 1) == ["stop 1"])
        _ = state.noteEnd(1, at: 1)
        _ = state.noteEnd(2, at: 1)
        #expect(state.workers.isEmpty)
        #expect(state.tick(at: 100 * Self.second).isEmpty)
    }
}
