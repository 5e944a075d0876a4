import Foundation
import TestSupport
import Testing

@Suite("Sessions: hanging up", .ownThread, .timeLimit(.minutes(3))) struct SessionHangUpTests {
    /// The ways to hang up: the sending half alone is enough.
    enum Way: CaseIterable, Sendable {
        case half, both

        func hangUp(_ peer: RawSession) {
            switch self {
            case .half: peer.raw.finishSending()
            case .both: peer.raw.hangUp()
            }
        }

        /// Hangs up; where that can still be seen, nothing more came but the end of the stream.
        func expectEnd(_ peer: RawSession, sourceLocation: SourceLocation = #_sourceLocation) throws {
            hangUp(peer)
            guard self == .half else { return }
            let rest = try peer.raw.receiveToEnd()
            #expect(
                rest == [] || rest.first == Frame.helloType && rest.count == 16, sourceLocation: sourceLocation)
        }
    }

    @Test("Before RUN: anywhere in the request", arguments: Way.allCases)
    func inRequest(way: Way) throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let bytes = RawRequest("exit", "0").with(\.directory, "/tmp").bytes
        for count in 0..<bytes.count {
            let peer = try daemon.rawSession()
            if count > 0 { try peer.raw.send(Array(bytes[..<count])) }
            try way.expectEnd(peer)
        }
        try daemon.waitUntilIdle()
        #expect(try daemon.status()["exit"]?.totals.calls == 0)
        #expect(try daemon.run("exit", "5").end.status == 5)
    }

    @Test("While it waits for its turn: the next one has it, and the command is never run", arguments: Way.allCases)
    func waiting(way: Way) throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration(limits: ["commandsPerPlugin": 1]))
        let gate = try Gate(of: daemon)
        let running = try daemon.session(RawRequest("deaf", gate.path))
        try running.receive(text: "at the gate\n")
        let waiting = try daemon.session(RawRequest("flood", "100"))
        try daemon.waitForStatus("one waits") { $0["flood"]?.waiting == 1 }
        #expect(try waiting.isQuiet())
        try way.expectEnd(waiting)
        try daemon.waitForStatus("none waits") { $0["flood"]?.waiting == 0 && $0["deaf"]?.running == 1 }
        let next = try daemon.session(RawRequest("flood", "1"))
        try gate.open()
        #expect(try running.finish().end.status == 0)
        #expect(try next.finish().output == [0])
        try daemon.waitUntilIdle()
    }

    @Test("While the handler works: it is cancelled, for the reason that its caller is gone", arguments: Way.allCases)
    func running(way: Way) throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let peer = try daemon.session(RawRequest("hold"))
        try peer.receive(text: "holding\n")
        try way.expectEnd(peer)
        #expect(daemon.waitForLine { $0.contains("hold ends for reason 1") } != nil)
        try daemon.waitUntilIdle()
    }

    @Test("Over TCP, by closing or by a reset", arguments: [false, true])
    func tcp(isReset: Bool) throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration(listen: [#"{ "tcp": "127.0.0.1:0" }"#]))
        for command in ["hold", "flood", "cat"] {
            let peer = RawSession(try RawPeer(tcp: daemon.port(of: "tcp")))
            try peer.send(RawRequest(command, "100000000"))
            try peer.receiveHello()
            _ = try peer.receiveFrame()
            if isReset {
                var linger = linger(l_onoff: 1, l_linger: 0)
                setsockopt(
                    peer.raw.descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
            }
        }
        for end in ["hold ends for reason 1", "flood stopped after", "cat stopped reading -2"] {
            #expect(daemon.waitForLine { $0.contains(end) } != nil, "\(end)")
        }
    }

    @Test("While the handler waits to write, on the pool and on the loop", arguments: Way.allCases)
    func writing(way: Way) throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        for command in ["flood", "inline-flood"] {
            let peer = try daemon.session(RawRequest(command, "10000000").with(\.window, 5))
            #expect(try peer.receiveOutput(5).count == 5)
            try way.expectEnd(peer)
            #expect(daemon.waitForLine { $0.contains("\(command) stopped ") } != nil)
        }
        try daemon.waitUntilIdle()
    }

    @Test("While the handler waits to write, and the socket is full", arguments: Way.allCases)
    func socketFull(way: Way) throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        for command in ["flood", "inline-flood"] {
            let peer = try daemon.session(RawRequest(command, "1000000000").with(\.window, 2_000_000_000))
            #expect(try peer.receiveOutput(5).count >= 5)
            way.hangUp(peer)
            #expect(daemon.waitForLine { $0.contains("\(command) stopped ") } != nil)
        }
        try daemon.waitForStatus("nothing runs") { $0["flood"]?.running == 0 && $0["inline-flood"]?.running == 0 }
    }

    @Test("While the handler waits to read, on the pool and on the loop", arguments: Way.allCases)
    func reading(way: Way) throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        for command in ["cat", "pieces", "whole", "echo"] {
            for sent in ["", "some input"] {
                let peer = try daemon.session(RawRequest(command))
                try peer.waitForPull()
                if !sent.isEmpty { try peer.sendInput(sent) }
                way.hangUp(peer)
            }
        }
        // Not an end of input: `cat` returned an error both times, and says which.
        #expect(daemon.waitForLine { $0.contains("cat stopped reading -2") } != nil)
        try daemon.waitUntilIdle()
    }

    @Test("After the end of input was sent the sending half stays open; closing it then hangs up, too")
    func afterInput() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let gate = try Gate(of: daemon)
        let peer = try daemon.session(RawRequest("sip", gate.path))
        try peer.waitForPull()
        try peer.sendInput("")
        try peer.receive(text: "at the gate\n")
        try Way.half.expectEnd(peer)
        try daemon.waitForStatus("sip is cancelled") { $0["sip"]?.cancelled == 1 }
        try gate.open()
        try daemon.waitUntilIdle()
    }

    @Test("After END, and at the same time as END", arguments: Way.allCases)
    func after(way: Way) throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        for _ in 0..<50 {
            let ended = try daemon.session(RawRequest("exit", "1"))
            #expect(try ended.receive(Frame.endType).payload[1] == 1)
            way.hangUp(ended)
            let gone = try daemon.rawSession()
            try gone.send(RawRequest("exit-inline", "1"))
            way.hangUp(gone)
        }
        try daemon.waitUntilIdle()
        #expect(try daemon.stop().status == .exited(0))
    }

    @Test("A handler that does not heed it keeps its slot until it returns, and the status says so")
    func unheeded() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration(limits: ["commandsPerPlugin": 2]))
        let gate = try Gate(of: daemon)
        let peer = try daemon.session(RawRequest("deaf", gate.path))
        try peer.receive(text: "at the gate\n")
        #expect(try daemon.status()["deaf"]?.cancelled == 0)
        peer.raw.hangUp()
        try daemon.waitForStatus("it is cancelled, and runs") { $0["deaf"]?.cancelled == 1 && $0["deaf"]?.running == 1 }
        let lines = try daemon.ask("daemon status").output.split(separator: "\n").map { $0.split(separator: " ") }
        let header = try #require(lines.first { $0.first == "command" })
        let row = try #require(lines.first { $0.first == "deaf" })
        let column = try #require(header.firstIndex(of: "cancelled"))
        #expect(row[column] == "1")
        // There are two slots: a second caller takes the other, a third waits.
        let second = try daemon.session(RawRequest("cat"))
        try second.waitForPull()
        let third = try daemon.session(RawRequest("exit", "3"))
        try daemon.waitForStatus("the third waits") { $0["exit"]?.waiting == 1 }
        try gate.open()
        #expect(try third.receiveEnd().status == 3)
        #expect(daemon.waitForLine { $0.contains("deaf was cancelled for reason 1") } != nil)
        try second.sendInput("")
        #expect(try second.receiveEnd().status == 0)
        try daemon.waitUntilIdle()
    }
}
