import Foundation
import TestSupport
import Testing

/// A daemon that works for a while, with everything that happens to one: reloads, crashes, clients that hang up.
/// `FASTDAEMON_SOAK_SECONDS` says for how long; `make soak` sets it.
@Suite("Faults: a soak", .serialized, .ownThread, .timeLimit(.minutes(300))) struct SoakTests {
    static let seconds =
        ProcessInfo.processInfo.environment["FASTDAEMON_SOAK_SECONDS"].flatMap { Double($0) } ?? 15

    private static let questions = [
        Load.Question.echo, Load.Question("wait 0", reply: "waited 0\n"), .echo,
        Load.Question("count -l", input: "one\ntwo\n", reply: "2\n"), .echo,
    ]

    @Test("A soak at 70 % load, with reloads and crashes: no failure but the planned, no drift, and memory stays flat")
    func soak() throws {
        let folder = try DaemonFolder()
        try folder.build("crashing")
        let daemon = try RunningDaemon(configuration(0), in: folder)
        try useAllThreads(of: daemon)
        let full = load(on: daemon).run(seconds: 2)
        let rate = 0.7 * Double(full.calls) / 2
        print("soak: \(Int(Self.seconds)) s at \(Int(rate)) calls a second")

        let load = load(on: daemon, pace: rate)
        let watch = Stopwatch()
        var planned = Planned()
        var samples: [Sample] = []
        // Where the machine has no time for it, the same number of calls takes longer.
        let calls = Int(rate * Self.seconds)
        while watch.seconds < Self.seconds || load.calls < calls {
            guard watch.seconds < 4 * Self.seconds else {
                throw TestFailure("\(load.calls) calls in \(watch.seconds) s, of \(calls)")
            }
            try planned.happen(to: daemon, at: watch.seconds, configuration)
            samples.append(try Sample(of: daemon, at: watch.seconds, reloads: planned.reloads))
            usleep(100_000)
        }
        let tally = load.stop()
        try daemon.waitUntilIdle()
        report(tally, planned, samples)

        #expect(full.failures + tally.failures == [])
        // What a daemon takes at first it keeps; from then on there must be no more. Every other config has a listener more.
        let like = samples.filter { $0.reloads % 2 == 0 }
        let (early, late) = (
            Sample.typical(of: like.dropFirst(like.count / 5).prefix(like.count / 5)),
            Sample.typical(of: like.suffix(like.count / 5))
        )
        // In a quarter of a minute one late reload, or one crash, is seen in the middle of the samples.
        let isLong = Self.seconds >= 300
        #expect(late.descriptors <= early.descriptors + (isLong ? 1 : 4), "\(early) \(late)")
        #expect(late.threads <= early.threads + (isLong ? 0 : 1), "\(early) \(late)")
        #expect(late.processes <= early.processes + (isLong ? 0 : 1), "\(early) \(late)")
        #expect(late.residentBytes - early.residentBytes < (isLong ? 1 : 4) << 20, "\(early) \(late)")
        #expect(try daemon.stop().status == .exited(0))
    }

    /// Threads for handlers are started when they are first needed, and stay: a drift in their number is one from here on.
    private func useAllThreads(of daemon: RunningDaemon) throws {
        let peers = try (0..<8).map { _ in try daemon.connect() }
        for peer in peers { try peer.send("wait 0.2") }
        for peer in peers { #expect(try peer.receiveReply() == Reply("waited 0.2\n")) }
    }

    /// The config of each reload differs a little from the one before.
    private func configuration(_ round: Int) -> DaemonConfiguration {
        var configuration = DaemonConfiguration(
            plugins: [
                "Echo", #"{ "library": "libWait.so", "concurrency": \#(8 + round % 2) }"#, "Count",
                #"{ "library": "libcrashing.so", "execution": "process", "workers": 2 }"#,
            ],
            limits: ["waitingPerPlugin": Double(60 + round % 7)])
        if round % 2 == 1 { configuration.listen.append(#"{ "unix": "second" }"#) }
        return configuration
    }

    private func load(on daemon: RunningDaemon, pace: Double? = nil) -> Load {
        let clients = 3
        return Load(
            of: Self.questions, clients: clients, pace: pace.map { $0 / Double(clients) }, callsPerConnection: 100,
            keepsDurations: false
        ) { try daemon.connect() }
    }

    private func report(_ tally: Load.Tally, _ planned: Planned, _ samples: [Sample]) {
        print("soak: \(tally.calls) calls, \(tally.failed) failed; \(planned)")
        for share in [0.0, 0.2, 0.4, 0.6, 0.8, 1.0] {
            print("soak: \(samples[min(samples.count - 1, Int(share * Double(samples.count)))])")
        }
    }
}

/// What is done to the daemon, by plan.
private struct Planned: CustomStringConvertible {
    private(set) var reloads = 0
    private var crashes = 0
    private var hangUps = 0
    private static let ways = ["segv", "abort", "trap", "exit", "stack", "throw"]

    var description: String { "\(reloads) reloads, \(crashes) crashes, \(hangUps) hang-ups" }

    /// Does what is due: a reload every two seconds, five hang-ups each second, and a crash every three.
    mutating func happen(to daemon: RunningDaemon, at seconds: Double, _ configuration: (Int) -> DaemonConfiguration)
        throws
    {
        if Int(seconds / 2) > reloads {
            reloads += 1
            #expect(try daemon.reload(configuration(reloads)).isTakenUp)
        }
        if Int(seconds / 3) > crashes {
            let way = Self.ways[crashes % Self.ways.count]
            crashes += 1
            let end = try daemon.session(RawRequest("crash", way)).finish().end
            #expect(end.verdict == .crashed, "\(way): \(end)")
            // One that did nothing but crash would wait for a worker longer and longer.
            #expect(try daemon.ask("crash none fine") == Reply("fine"))
        }
        if Int(seconds * 5) > hangUps {
            hangUps += 1
            let peer = try daemon.connect()
            try peer.send(["echo x", "wait 1", "count"][hangUps % 3])
        }
    }
}

/// What the daemon takes at one moment.
private struct Sample: CustomStringConvertible {
    var seconds: Double
    /// How many reloads there had been.
    var reloads: Int
    var residentBytes: Int
    var descriptors: Int
    var threads: Int
    var processes: Int

    init(of daemon: RunningDaemon, at seconds: Double, reloads: Int) throws {
        self.seconds = seconds
        self.reloads = reloads
        residentBytes = daemon.residentBytes
        descriptors = daemon.descriptorCount
        threads = daemon.threadCount
        processes = daemon.children.count
    }

    /// The middle one of each figure.
    static func typical(of samples: some Collection<Sample>) -> Sample {
        func middle(_ figure: KeyPath<Sample, Int>) -> Int {
            samples.map { $0[keyPath: figure] }.sorted()[samples.count / 2]
        }
        var typical = samples.first!
        typical.residentBytes = middle(\.residentBytes)
        typical.descriptors = middle(\.descriptors)
        typical.threads = middle(\.threads)
        typical.processes = middle(\.processes)
        return typical
    }

    var description: String {
        "at \(Int(seconds)) s \(residentBytes >> 10) KiB, \(descriptors) descriptors, \(threads) threads, "
            + "\(processes) processes"
    }
}
