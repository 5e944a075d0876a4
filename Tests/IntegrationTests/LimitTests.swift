import Foundation
import Synchronization
import TestSupport
import Testing

@Suite("Many connections", .ownThread, .timeLimit(.minutes(3))) struct LimitTests {
    /// How many descriptors this process, and those it starts, may have at most.
    private static let hardLimit: UInt = {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return UInt(limit.rlim_max)
    }()

    /// Lets this process have `count` descriptors; the daemon is given its own number when it is started.
    private func allowDescriptors(_ count: UInt) {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = max(limit.rlim_cur, rlim_t(count))
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    /// In bytes. What is compiled without optimisation keeps more in the frame of each task.
    #if DEBUG
        private static let mostForTenThousand = 60_000_000
    #else
        private static let mostForTenThousand = 40_000_000
    #endif

    @Test(
        "Ten thousand idle connections are served, and cost no more than 4 kB each",
        .enabled(if: hardLimit >= 11_000, "the hard limit on descriptors is lower than 11,000"))
    func tenThousand() throws {
        allowDescriptors(11_000)
        let daemon = try RunningDaemon(
            DaemonConfiguration(limits: ["connections": 11_000, "firstRecordSeconds": 60]), openFiles: 11_000)
        #expect(try daemon.ask("echo warm") == Reply("warm\n"))
        let before = daemon.residentBytes
        var peers: [RawPeer] = []
        for index in 0..<10_000 {
            let peer = try daemon.connect()
            // Each has been used: an idle connection is one that had something to say before.
            #expect(try peer.ask("echo \(index)") == Reply("\(index)\n"))
            peers.append(peer)
        }
        #expect(daemon.residentBytes - before < Self.mostForTenThousand, "\(daemon.residentBytes - before) bytes")
        for peer in [peers[0], peers[5000], peers[9999]] { #expect(try peer.ask("echo still") == Reply("still\n")) }
        #expect(try peers[0].ask("daemon status").output.contains("10000 connections"))
        peers.removeAll()
        #expect(try daemon.stop().status == .exited(0))
    }

    @Test("A connection over the limit is told so and closed, and there is room again when another ends")
    func connectionLimit() throws {
        let daemon = try RunningDaemon(DaemonConfiguration(limits: ["connections": 3]))
        var peers = try (0..<3).map { _ in try daemon.connect() }
        for peer in peers { #expect(try peer.ask("echo in") == Reply("in\n")) }
        // Each is given a second to say what it speaks.
        for _ in 0..<3 {
            let surplus = try daemon.connect()
            let reply = try surplus.receiveReply()
            #expect(reply.output == "")
            #expect(
                reply.errors.contains(
                    "3 connections are open, which is the limit (limits.connections); try again later"))
            #expect(try surplus.receiveToEnd() == [])
        }
        for peer in peers { #expect(try peer.ask("echo still") == Reply("still\n")) }
        peers.removeLast()
        let watch = Stopwatch()
        while try daemon.ask("echo in") != Reply("in\n") {
            guard watch.seconds < 5 else { throw TestFailure("a connection that ended still counts") }
        }
    }

    @Test("With its descriptors used up a daemon goes on, at rest, and serves those that wait when some are free again")
    func descriptorsUsedUp() throws {
        let daemon = try RunningDaemon(DaemonConfiguration(limits: ["firstRecordSeconds": 60]), openFiles: 64)
        let first = try daemon.connect()
        #expect(try first.ask("echo first") == Reply("first\n"))
        var peers = try (0..<200).map { _ in try daemon.connect() }
        #expect(
            daemon.waitForLine { $0.contains("warning: cannot accept on") && $0.contains("Too many open files") } != nil
        )
        // The one that is in is served as before; a handler of the pool runs, too.
        let watch = Stopwatch()
        let used = daemon.processorSeconds
        #expect(try first.ask("wait 1") == Reply("waited 1\n"))
        #expect(
            (daemon.processorSeconds - used) / watch.seconds < 0.2, "it turns in circles while it waits for descriptors"
        )
        #expect(daemon.log.count { $0.contains("cannot accept on") } < 30)
        let last = peers.removeLast()
        peers.removeAll()
        #expect(try last.ask("echo last") == Reply("last\n"))
        #expect(try daemon.ask("echo new") == Reply("new\n"))
        #expect(try daemon.stop().status == .exited(0))
    }

    @Test("No descriptor and no memory is lost over hundreds of odd connections")
    func nothingLost() throws {
        let daemon = try RunningDaemon(
            DaemonConfiguration(
                listen: [#"{ "unix": "socket" }"#, #"{ "tcp": "127.0.0.1:0" }"#], limits: ["idleSeconds": 5]))
        let port = try daemon.port(of: "tcp")
        let staying = try daemon.connect()
        var resident = 0
        var descriptors = 0
        for round in 0..<4 {
            for index in 0..<150 {
                let peer = index % 2 == 0 ? try daemon.connect() : try RawPeer(tcp: port)
                switch index % 6 {
                case 0, 1: break
                case 2, 3: try peer.send([0, 0, 0, 9, 1])
                case 4: #expect(try peer.ask("echo \(index)") == Reply("\(index)\n"))
                default:
                    try peer.send(recordBytes("wait 0") + [0xFF, 0xFF, 0xFF, 0xFF])
                    #expect(try peer.receiveReply() == Reply("waited 0\n"))
                }
            }
            // What the first round made the daemon take is kept for the next ones.
            if round == 0 {
                descriptors = try descriptorsWithoutPeers(of: daemon, but: staying)
                resident = daemon.residentBytes
            }
            #expect(daemon.waitForDescriptors(atMost: descriptors), "\(daemon.descriptorCount), not \(descriptors)")
        }
        #expect(daemon.residentBytes - resident < 4 << 20)
        #expect(try staying.ask("echo on") == Reply("on\n"))
    }

    /// A request of `fairness`, and how many of them the daemon receives from one peer before it looks at the others.
    private static let greedyLine = "echo " + String(repeating: "x", count: 80)
    private static let requestsATurn = 256 * 1024 / recordBytes(greedyLine).count

    private func echoes(of daemon: RunningDaemon) throws -> Int { try daemon.status()["echo"]?.totals.calls ?? 0 }

    /// Threads that send requests over a connection, and receive the replies, until the daemon closes it.
    ///
    /// - Parameter received: counts the bytes of the replies.
    private func pipeline(over peer: RawPeer, _ received: @escaping @Sendable (Int) -> Void) -> [BackgroundThread] {
        let block = (0..<300).flatMap { _ in recordBytes(Self.greedyLine) }
        return [
            BackgroundThread { while (try? peer.send(block)) != nil {} },
            BackgroundThread { while let bytes = try? peer.receive(1 << 16), !bytes.isEmpty { received(bytes.count) } },
        ]
    }

    /// It counts turns and not seconds, which depend on what the daemon is built for and on what else runs.
    @Test("Peers that pipeline without a pause do not starve the others", arguments: ["unix", "tcp"])
    func fairness(kind: String) throws {
        // One loop, so that no other serves those who ask.
        let listen = [#"{ "unix": "socket" }"#, #"{ "tcp": "127.0.0.1:0" }"#]
        let daemon = try RunningDaemon(DaemonConfiguration(listen: listen, others: ["loops": "1"]))
        let port = try daemon.port(of: "tcp")
        let bytes = Mutex(0)
        let greedy = try (0..<4).flatMap { _ in
            pipeline(over: kind == "unix" ? try daemon.connect() : try RawPeer(tcp: port)) { count in
                bytes.withLock { $0 += count }
            }
        }
        let turn = 4 * Self.requestsATurn
        try daemon.wait(until: "they are at it") { try echoes(of: daemon) > turn }
        var answered = try echoes(of: daemon)
        for _ in 0..<10 {
            let before = answered
            answered = try echoes(of: daemon)
            #expect(answered - before < 8 * turn, "so many of theirs until one of somebody else")
        }
        // Nor do they keep the daemon from stopping.
        #expect(try daemon.stop().status == .exited(0))
        for thread in greedy { thread.join() }
        let replies = bytes.withLock { $0 } / recordBytes("\(Self.greedyLine.dropFirst(5))\n").count
        #expect(replies - answered < 12 * turn, "so many until the daemon stopped")
    }
}
