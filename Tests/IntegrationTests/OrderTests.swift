import Foundation
import TestSupport
import Testing

@Suite("Requests side by side", .ownThread, .timeLimit(.minutes(3))) struct OrderTests {
    @Test("Replies come in the order of the requests, while the requests run side by side")
    func pipelined() throws {
        let daemon = try RunningDaemon(with: ["session_tools"])
        let gates = try (0..<3).map { try Gate("gate\($0)", of: daemon) }
        let waits = gates.map { "deaf \($0.path)" }
        let peer = try daemon.connect()
        try peer.send(
            [waits[0], "echo a", waits[1], waits[2], "echo b", "nothing", "count"].flatMap { recordBytes($0) })
        try daemon.waitUntil(running: 3, of: "deaf")
        // The last ends first.
        for index in [2, 1, 0] {
            #expect(try !peer.hasSomethingToRead(within: 0))
            try gates[index].open()
            try daemon.waitUntil(running: index, of: "deaf")
        }
        #expect(try peer.receiveReply() == Reply("at the gate\ndeaf is done\n"))
        #expect(try peer.receiveReply() == Reply("a\n"))
        #expect(try peer.receiveReply() == Reply("at the gate\ndeaf is done\n"))
        #expect(try peer.receiveReply() == Reply("at the gate\ndeaf is done\n"))
        #expect(try peer.receiveReply() == Reply("b\n"))
        #expect(try peer.receiveReply().errors.contains("no command"))
        #expect(try peer.receiveReply() == Reply("      0       0       0\n"))
    }

    @Test("A peer that closes its sending half still gets every reply, and then the end")
    func halfClose() throws {
        let daemon = try RunningDaemon(
            DaemonConfiguration(listen: [#"{ "unix": "socket" }"#, #"{ "tcp": "127.0.0.1:0" }"#]))
        for peer in [try daemon.connect(), try RawPeer(tcp: daemon.port(of: "tcp"))] {
            try peer.send((0..<300).flatMap { recordBytes($0 % 100 == 0 ? "wait 0.1" : "echo \($0)") })
            peer.finishSending()
            for index in 0..<300 {
                #expect(try peer.receiveReply().output == (index % 100 == 0 ? "waited 0.1\n" : "\(index)\n"))
            }
            #expect(try peer.receiveToEnd() == [])
        }
    }

    @Test("Eight that wait do so at the same time, and echo answers meanwhile")
    func waits() throws {
        let daemon = try RunningDaemon(with: ["session_tools"])
        let gates = try (0..<8).map { try Gate("gate\($0)", of: daemon) }
        let peers = try gates.map { gate in
            let peer = try daemon.connect()
            try peer.send("deaf \(gate.path)")
            return peer
        }
        try daemon.waitUntil(running: 8, of: "deaf")
        let echoing = try daemon.connect()
        for index in 0..<50 { #expect(try echoing.ask("echo \(index)") == Reply("\(index)\n")) }
        for gate in gates { try gate.open() }
        for peer in peers { #expect(try peer.receiveReply() == Reply("at the gate\ndeaf is done\n")) }
    }

    @Test("No more of a plugin's commands run at once than its limit allows")
    func pluginLimit() throws {
        let daemon = try RunningDaemon(with: ["toolbox"], DaemonConfiguration(limits: ["commandsPerPlugin": 3]))
        #expect(try peakOfTwelve(daemon) == 3)
    }

    @Test("An entry's own concurrency is its bound")
    func entryLimit() throws {
        let daemon = try RunningDaemon(
            with: ["toolbox"], DaemonConfiguration(plugins: [#"{ "library": "libtoolbox.so", "concurrency": 2 }"#]))
        #expect(try peakOfTwelve(daemon) == 2)
    }

    @Test("No more commands run at once in the whole daemon than its limit allows")
    func daemonLimit() throws {
        let daemon = try RunningDaemon(
            with: ["toolbox"], DaemonConfiguration(limits: ["commands": 4, "commandsPerPlugin": 10]))
        #expect(try peakOfTwelve(daemon) == 4)
    }

    /// Twelve calls of `peak` from three peers: how many ran at once.
    private func peakOfTwelve(_ daemon: RunningDaemon) throws -> Int? {
        let peers = try (0..<3).map { _ in try daemon.connect() }
        for peer in peers { try peer.send((0..<4).flatMap { _ in recordBytes("peak 30") }) }
        return try peers.flatMap { peer in try (0..<4).map { _ in try peer.receiveReply().output } }
            .compactMap { Int($0.trimmingCharacters(in: .newlines)) }.max()
    }

    @Test("Where a plugin's queue is full, the next caller is told that it is busy, and those in the queue are served")
    func busy() throws {
        let daemon = try RunningDaemon(DaemonConfiguration(limits: ["commandsPerPlugin": 1, "waitingPerPlugin": 2]))
        let peer = try daemon.connect()
        try peer.send((0..<5).flatMap { recordBytes("wait 0.1\($0)") })
        for index in 0..<3 { #expect(try peer.receiveReply().output.hasPrefix("waited 0.1"), "\(index)") }
        for _ in 3..<5 {
            let reply = try peer.receiveReply()
            #expect(reply.output == "")
            #expect(reply.errors.contains("wait: busy: 1 calls of its plugin run and 2 wait already"), "\(reply)")
        }
        #expect(try daemon.ask("wait 0") == Reply("waited 0\n"))
    }

    @Test("A peer that hangs up while its command runs cancels it")
    func hangUp() throws {
        let daemon = try RunningDaemon(with: ["toolbox"])
        let peer = try daemon.connect()
        try peer.send("hold")
        #expect(daemon.waitForLine { $0.contains("hold begins") } != nil)
        peer.hangUp()
        #expect(daemon.waitForLine { $0.contains("hold cancelled for reason 1") } != nil)
        #expect(try daemon.stop().status == .exited(0))
    }

    @Test("A call that waits for its turn is forgotten when its peer hangs up")
    func hangUpWhileWaiting() throws {
        let daemon = try RunningDaemon(
            with: ["toolbox"], DaemonConfiguration(limits: ["commandsPerPlugin": 1, "waitingPerPlugin": 1]))
        let holding = try daemon.connect()
        try holding.send("hold")
        #expect(daemon.waitForLine { $0.contains("hold begins") } != nil)
        let waiting = try daemon.connect()
        try waiting.send("hold")
        while try !daemon.ask("daemon plugins --json").output.contains(#""waiting" : 1"#) {}
        waiting.hangUp()
        while try daemon.ask("daemon plugins --json").output.contains(#""waiting" : 1"#) {}
        holding.hangUp()
        #expect(try daemon.ask("peak 0") == Reply("1\n"))
        #expect(daemon.log.count { $0.contains("hold begins") } == 1)
    }

    @Test("A peer that hangs up in the middle of its request, or of its reply, costs nothing")
    func hangUpInBetween() throws {
        let daemon = try RunningDaemon(with: ["toolbox"])
        let staying = try daemon.connect()
        var descriptors = 0
        for round in 0..<3 {
            for index in 0..<100 {
                let peer = try daemon.connect()
                try peer.send(Array(recordBytes("echo", "some input").prefix(index % 20 + 1)))
            }
            for _ in 0..<10 { try daemon.connect().send("big 1000000") }
            // What the first round made the daemon open stays open for the next ones.
            if round == 0 { descriptors = try descriptorsWithoutPeers(of: daemon, but: staying) }
        }
        #expect(daemon.waitForDescriptors(atMost: descriptors), "\(daemon.descriptorCount), not \(descriptors)")
        #expect(try staying.ask("echo on") == Reply("on\n"))
        #expect(try daemon.stop().status == .exited(0))
    }

    @Test("A handler that says later is answered in its place")
    func later() throws {
        let daemon = try RunningDaemon(with: ["toolbox"])
        let peer = try daemon.connect()
        try peer.send((0..<100).flatMap { recordBytes($0 % 2 == 0 ? "later" : "echo \($0)") })
        for index in 0..<100 {
            #expect(try peer.receiveReply() == Reply(index % 2 == 0 ? "sooner, later\n" : "\(index)\n"))
        }
    }

    @Test("A handler that changes its folder or umask does not disturb the next one")
    func folders() throws {
        let daemon = try RunningDaemon(with: ["toolbox"], DaemonConfiguration(limits: ["commands": 1]))
        let before = try daemon.ask("where").output
        #expect(before.hasSuffix("\n") && !before.hasPrefix("/tmp/ "))
        #expect(try daemon.ask("where /proc").output.hasPrefix("/proc "))
        #expect(try daemon.ask("where").output == before)
        let here = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(daemon.process)/cwd")
        #expect(before.hasPrefix("\(here) "))
    }

    @Test("Two handlers that run at once are each in a folder of their own")
    func foldersAtOnce() throws {
        let daemon = try RunningDaemon(with: ["toolbox"])
        let peer = try daemon.connect()
        let folders = (0..<40).map { ["/proc", "/sys", "/dev", "/"][$0 % 4] }
        try peer.send(folders.flatMap { recordBytes("where \($0)") })
        for folder in folders { #expect(try peer.receiveReply().output.hasPrefix("\(folder) ")) }
    }
}
