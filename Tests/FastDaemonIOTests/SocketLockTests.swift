import CLinux
import FastDaemonSystem
import Foundation
import TestSupport
import Testing

@testable import FastDaemonIO

@Suite("The lock of a socket") struct SocketLockTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("s")
    }

    private var exists: Bool { access(path + ".lock", F_OK) == 0 }

    @Test("is had by one alone, and says by whom")
    func exclusive() throws {
        let lock = try SocketLock(ofSocketAt: path)
        let error = #expect(throws: IOError.self) { try SocketLock(ofSocketAt: path) }
        let text = try #require(error?.description)
        #expect(text.hasPrefix("cannot listen on \(path): already running: "))
        #expect(text.hasSuffix("process \(getpid()), holds \(path).lock"))
        lock.release()
        #expect(!exists)
    }

    @Test("can be taken again when it was let go of, and when its holder died")
    func again() throws {
        do {
            let first = try SocketLock(ofSocketAt: path)
            #expect(first.path == path + ".lock")
        }
        #expect(!exists)
        // As a holder leaves it that is killed.
        try Data("1\n".utf8).write(to: URL(filePath: path + ".lock"))
        let second = try SocketLock(ofSocketAt: path)
        #expect(try String(contentsOfFile: path + ".lock", encoding: .utf8) == "\(getpid())\n")
        second.release()
    }

    @Test("never goes to two, however many take it and let go of it at the same time")
    func race() async {
        let path = path
        let holders = Counter()
        let taken = await withTaskGroup(of: Int.self) { tasks in
            for _ in 0..<4 {
                tasks.addTask {
                    await blocking {
                        var taken = 0
                        for _ in 0..<2000 {
                            guard let lock = try? SocketLock(ofSocketAt: path) else { continue }
                            if holders.add(1) != 1 { return -1_000_000 }
                            taken += 1
                            holders.add(-1)
                            lock.release()
                        }
                        return taken
                    }
                }
            }
            return await tasks.reduce(0, +)
        }
        #expect(taken > 0)
        #expect(!exists)
    }

    @Test("of a socket that another process goes on with stays")
    func shared() throws {
        let lock = try SocketLock(ofSocketAt: path)
        let copy = clinux_duplicate(lock.number)
        #expect(SocketLock.isLock(copy, ofSocketAt: path))
        #expect(!SocketLock.isLock(copy, ofSocketAt: folder.file("other")))
        let heir = SocketLock(adopting: Descriptor(owning: copy), ofSocketAt: path)
        lock.share()
        lock.release()
        #expect(exists)
        #expect(throws: IOError.self) { try SocketLock(ofSocketAt: path) }
        heir?.takeOver()
        heir?.release()
        #expect(!exists)
    }

    @Test("does not touch a file of another kind, or that a link leads to")
    func precious() throws {
        let text = "This is not a process number, but somebody's notes."
        try Data(text.utf8).write(to: URL(filePath: path + ".lock"))
        let error = #expect(throws: IOError.self) { try SocketLock(ofSocketAt: path) }
        #expect(error?.reason.contains("is not a lock of ours; it was not touched") == true)
        #expect(try String(contentsOfFile: path + ".lock", encoding: .utf8) == text)

        let link = folder.file("t")
        #expect(symlink(folder.file("target"), link + ".lock") == 0)
        #expect(throws: IOError.self) { try SocketLock(ofSocketAt: link) }
        #expect(access(folder.file("target"), F_OK) != 0)

        let pipe = folder.file("p")
        #expect(mkfifo(pipe + ".lock", 0o600) == 0)
        #expect(throws: IOError.self) { try SocketLock(ofSocketAt: pipe) }
    }
}

/// A count that several threads change.
private final class Counter: @unchecked Sendable {
    private let lock = NSLock()
    private var value = 0

    /// Returns the value after that.
    @discardableResult
    func add(_ amount: Int) -> Int {
        lock.withLock {
            value += amount
            return value
        }
    }
}
