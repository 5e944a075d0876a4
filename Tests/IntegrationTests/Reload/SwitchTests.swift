import Foundation
import Synchronization
import TestSupport
import Testing

@Suite("The switch of a reload", .ownThread, .timeLimit(.minutes(3)))
struct SwitchTests {
    @Test("is of all plugins in one step: nobody is answered by an old one after a new one")
    func oneStep() throws {
        let folder = try DaemonFolder()
        let versions = try ["1", "2"].map { version in
            try folder.build(version: version)
            return try Data(contentsOf: URL(filePath: folder.library("libversions.so")))
        }
        let entries = ["a", "b"].map {
            #"{ "library": "libversions.so", "name": "\#($0)", "commands": { "\#($0)": "version" } }"#
        }
        let daemon = try RunningDaemon(DaemonConfiguration(plugins: entries), in: folder)
        let peer = try daemon.connect()
        let block = (0..<50).flatMap { _ in recordBytes("a") + recordBytes("b") }
        let length = recordBytes("version 1\n").count
        let isOver = Flag()
        let blocks = Atomic(0)
        let changes = Atomic(0)
        let failure = Mutex<(any Error)?>(nil)
        let asker = BackgroundThread {
            var last = UInt8(ascii: "2")
            do {
                while !isOver.isSet {
                    try peer.send(block)
                    let bytes = try peer.receive(100 * length)
                    for number in stride(from: length - 6, to: bytes.count, by: length) where bytes[number] != last {
                        last = bytes[number]
                        changes.add(1, ordering: .relaxed)
                    }
                    blocks.add(1, ordering: .relaxed)
                }
            } catch {
                failure.withLock { $0 = error }
            }
        }
        defer { isOver.set() }
        for round in 0..<20 {
            let new = folder.file("new.so")
            try versions[round % 2].write(to: URL(filePath: new))
            chmod(new, 0o755)
            #expect(rename(new, folder.library("libversions.so")) == 0)
            #expect(try daemon.reload().isTakenUp)
            let before = blocks.load(ordering: .relaxed)
            // One that answers no more is not waited for as long as the peer would.
            try daemon.wait(until: "it has answered again, since reload \(round)", seconds: 20) {
                if let error = failure.withLock({ $0 }) { throw error }
                return blocks.load(ordering: .relaxed) > before + 1
            }
        }
        isOver.set()
        asker.join()
        #expect(changes.load(ordering: .relaxed) == 20, "one a reload")
        #expect(try peer.ask("a") == Reply("version 2\n"))
    }
}
