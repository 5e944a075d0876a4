import Foundation
import Synchronization
import TestSupport
import Testing

@Suite("Sessions: many, and much", .ownThread, .timeLimit(.minutes(2))) struct SessionLoadTests {
    @Test(
        "Two hundred at once, in two hundred directories: each reads its own relative file",
        arguments: ["show", "pool", "openat"])
    func directories(command: String) throws {
        let daemon = try RunningDaemon(forSessions: .init(limits: ["waitingPerPlugin": 300]))
        let folder = try TemporaryFolder()
        let peers = try (0..<200).map { index in
            let path = folder.file("\(index)")
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            try Data("this is \(index)\n".utf8).write(to: URL(filePath: path + "/note"))
            let peer = try daemon.rawSession()
            // All but the last frame, so that they all begin at once.
            try peer.raw.send(RawRequest(command, "note").with(\.directory, path).bytes.dropLast(4))
            return peer
        }
        for peer in peers { try peer.send(.run) }
        for (index, peer) in peers.enumerated() {
            try peer.receiveHello()
            #expect(try peer.finish().summary == "this is \(index)\n||completed 0")
        }
        try daemon.waitUntilIdle()
    }

    @Test("Two hundred that run at the same time, in two hundred directories")
    func running() throws {
        let daemon = try RunningDaemon(
            forSessions: .init(limits: ["commands": 220, "commandsPerPlugin": 200, "waitingPerPlugin": 200]))
        let folder = try TemporaryFolder()
        let peers = try (0..<200).map { index in
            let path = folder.file("\(index)")
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            guard mkfifo(path + "/gate", 0o600) == 0 else { throw TestFailure("cannot make a gate") }
            return try daemon.session(RawRequest("deaf", "gate").with(\.directory, path))
        }
        for peer in peers { try peer.receive(text: "at the gate\n") }
        #expect(try daemon.status()["deaf"]?.running == 200)
        // Each waits at the gate in its own directory, and opening one lets one go on.
        for (index, peer) in peers.enumerated() {
            try Gate(at: folder.file("\(index)/gate")).open()
            #expect(try peer.finish().summary == "deaf is done\n||completed 0")
        }
        try daemon.waitUntilIdle()
    }

    @Test("Hundreds of sessions, one after the other and of every kind, cost no descriptor and no memory")
    func nothingLost() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        // Some have ended before what is sent to them arrives.
        let kinds: [(RawSession) throws -> Void] = [
            { _ = try $0.finish(input: Array("x".utf8)) }, { $0.raw.hangUp() }, { _ in }, { try? $0.send(.run) },
            { try? $0.send(.signal(15)) },
        ]
        var (descriptors, resident) = (0, 0)
        for round in 0..<4 {
            for command in [
                "cat", "echo", "pieces", "whole", "flood", "inline-flood", "exit", "pool", "inspect", "zzz",
            ] {
                for kind in kinds {
                    for _ in 0..<3 {
                        let request = RawRequest(command, "300000").with(\.directory, "/tmp").with(
                            \.window, 100_000)
                        try kind(try daemon.session(request.with(\.timeout, .timeout(milliseconds: 20_000))))
                    }
                }
            }
            try daemon.waitUntilIdle()
            if round == 1 { (descriptors, resident) = (daemon.descriptorCount, daemon.residentBytes) }
            if round > 1 { #expect(daemon.waitForDescriptors(atMost: descriptors)) }
        }
        #expect(daemon.residentBytes - resident < 4 << 20, "\(daemon.residentBytes - resident)")
        #expect(try daemon.stop().status == .exited(0))
    }

    @Test("A gibibyte goes through in both directions, and the daemon stays small", arguments: ["echo", "cat"])
    func gibibyte(command: String) throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let piece = (0..<65_536).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 5) }
        _ = try daemon.run(RawRequest(command), input: piece)
        let idle = daemon.residentBytes
        let peer = try daemon.session(RawRequest(command))
        var (pieces, received, most, areEqual) = (1 << 14, 0, 0, true)
        let end = try peer.converse {
            pieces -= 1
            if pieces % 1024 == 0 { most = max(most, daemon.residentBytes - idle) }
            return pieces >= 0 ? piece : []
        } take: { _, bytes in
            // A frame may begin anywhere in a piece, and may go on in the next one.
            var rest = bytes[...]
            while !rest.isEmpty {
                let offset = received & 0xFFFF
                let count = min(rest.count, piece.count - offset)
                areEqual = areEqual && same(rest.prefix(count), piece[offset..<offset + count])
                rest = rest.dropFirst(count)
                received += count
            }
        }
        #expect(end.status == 0)
        #expect(received == 1 << 30)
        #expect(areEqual)
        #expect(most < 32 << 20, "\(most >> 20) MiB more than idle")
    }

    /// Compares in one go, which is what makes a gibibyte bearable where nothing is optimized.
    private func same(_ one: ArraySlice<UInt8>, _ other: ArraySlice<UInt8>) -> Bool {
        one.withUnsafeBytes { one in other.withUnsafeBytes { memcmp(one.baseAddress!, $0.baseAddress!, one.count) } }
            == 0
    }
}
