import Foundation
import Synchronization
import TestSupport

/// Clients that ask a daemon one thing after the other, each on a thread of its own, until they are stopped. Every answer is
/// held against what it must be.
final class Load: Sendable {
    /// What is asked, and the answer that alone is right.
    struct Question: Sendable {
        let bytes: [UInt8]
        let reply: [UInt8]

        /// A record.
        init(_ line: String, input: String = "", reply: String) {
            bytes = recordBytes(line, input)
            self.reply = recordBytes(reply)
        }

        /// One that every daemon answers.
        static let echo = Question("echo hello", reply: "hello\n")
    }

    /// What came of it.
    struct Tally: Sendable {
        /// How many calls were answered rightly.
        var calls = 0
        /// How many were not.
        var failed = 0
        /// The first few of those, in words.
        var failures: [String] = []
        /// How long each took that was answered rightly, in seconds.
        var durations: [Double] = []

        /// Adds what came of others.
        mutating func add(_ other: Tally) {
            calls += other.calls
            failed += other.failed
            failures += other.failures
            durations += other.durations
        }

        /// The duration that so much of all calls stayed below.
        func quantile(_ share: Double) -> Double {
            let sorted = durations.sorted()
            return sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
        }

        /// How much of all calls took such a time.
        func share(_ isMeant: (Double) -> Bool) -> Double {
            durations.isEmpty ? 0 : Double(durations.count(where: isMeant)) / Double(durations.count)
        }
    }

    /// What the clients' threads share. They do not hold the load itself, so that they end with a test that throws.
    private final class Progress: Sendable {
        let isOver = Flag()
        let tallies: Mutex<[Tally]>
        let answered = Atomic(0)
        let failed = Atomic(0)

        init(clients: Int) { tallies = Mutex(Array(repeating: Tally(), count: clients)) }
    }

    private let progress: Progress
    private let threads = Mutex<[BackgroundThread]>([])

    /// Begins.
    ///
    /// - Parameters:
    ///   - connect: Gives a connection to the daemon.
    ///   - pace: How many calls a second each client makes at most; nil for as many as there can be.
    ///   - callsPerConnection: After how many calls a client connects anew.
    ///   - keepsDurations: Whether it remembers how long each call took.
    init(
        of questions: [Question] = [.echo], clients: Int = 1, pace: Double? = nil, callsPerConnection: Int = .max,
        keepsDurations: Bool = true, connect: @escaping @Sendable () throws -> RawPeer
    ) {
        let progress = Progress(clients: clients)
        self.progress = progress
        for client in 0..<clients {
            let thread = BackgroundThread {
                var asker = Asker(questions, callsPerConnection, keepsDurations, connect)
                let watch = Stopwatch()
                var asked = 0
                while !progress.isOver.isSet {
                    if let pace {
                        let early = Double(asked) / pace - watch.seconds
                        if early > 0 { usleep(UInt32(early * 1e6)) }
                    }
                    asked += 1
                    if asker.ask() {
                        progress.answered.add(1, ordering: .relaxed)
                    } else {
                        progress.failed.add(1, ordering: .relaxed)
                    }
                }
                let tally = asker.tally
                progress.tallies.withLock { $0[client] = tally }
            }
            threads.withLock { $0.append(thread) }
        }
    }

    deinit { progress.isOver.set() }

    /// How many calls were answered rightly so far.
    var calls: Int { progress.answered.load(ordering: .relaxed) }

    /// Waits until as many were. Fails where there are none for some time, whether they fail or just wait.
    func waitForCalls(_ count: Int) throws {
        var (watch, last) = (Stopwatch(), calls)
        while calls < count {
            if calls != last { (watch, last) = (Stopwatch(), calls) }
            guard watch.seconds < 30 else {
                let failed = progress.failed.load(ordering: .relaxed)
                throw TestFailure("no call was answered for 30 s, after \(calls) calls, and \(failed) that failed")
            }
            usleep(1000)
        }
    }

    /// Stops the clients after the calls that they are in, and returns what came of all.
    func stop() -> Tally {
        progress.isOver.set()
        for thread in threads.withLock({ $0 }) { thread.join() }
        return progress.tallies.withLock { tallies in
            tallies.reduce(into: Tally()) { $0.add($1) }
        }
    }

    /// Lets the clients go on for some time, and returns what came of all.
    func run(seconds: Double) -> Tally {
        Thread.sleep(forTimeInterval: seconds)
        return stop()
    }
}

/// A client that asks one thing after the other.
struct Asker {
    private let questions: [Load.Question]
    private let callsPerConnection: Int
    private let keepsDurations: Bool
    private let connect: () throws -> RawPeer
    private var peer: RawPeer?
    private var callsOnPeer = 0
    private(set) var tally = Load.Tally()

    init(
        _ questions: [Load.Question] = [.echo], _ callsPerConnection: Int = .max, _ keepsDurations: Bool = true,
        _ connect: @escaping () throws -> RawPeer
    ) {
        self.keepsDurations = keepsDurations
        self.questions = questions
        self.callsPerConnection = callsPerConnection
        self.connect = connect
    }

    /// Asks the next question. Returns whether the answer was right.
    mutating func ask() -> Bool {
        let question = questions[(tally.calls + tally.failed) % questions.count]
        let watch = Stopwatch()
        do {
            let peer = try peer ?? connect()
            try peer.send(question.bytes)
            let reply = try peer.receive(question.reply.count)
            guard reply == question.reply else {
                let rest = (try? peer.receive(200)) ?? []
                throw TestFailure("another answer: \(String(decoding: reply + rest, as: UTF8.self).debugDescription)")
            }
            callsOnPeer += 1
            self.peer = callsOnPeer < callsPerConnection ? peer : nil
            if self.peer == nil { callsOnPeer = 0 }
        } catch {
            tally.failed += 1
            if tally.failures.count < 5 { tally.failures.append("\(error)") }
            peer = nil
            callsOnPeer = 0
            return false
        }
        tally.calls += 1
        if keepsDurations { tally.durations.append(watch.seconds) }
        return true
    }
}
