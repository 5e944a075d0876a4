import CLinux
import Dispatch
import FastDaemonSystem
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import FastDaemonHost

/// A piece of work for a pool: runs `body` once, and says so.
private final class Work: Sendable {
    private let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) {
        self.body = body
    }

    func submit(to pool: ThreadPool, in directory: Int32) {
        pool.submit(
            { Unmanaged<Work>.fromOpaque($0!).takeRetainedValue().body() }, Unmanaged.passRetained(self).toOpaque(),
            directory: directory, of: pool)
    }
}

/// What pieces of work found, in their order.
private final class Places: Sendable {
    private let places = Mutex<[String]>([])

    var all: [String] { places.withLock { $0 } }

    func append(_ place: String) {
        places.withLock { $0.append(place) }
    }
}

/// Where threads wait for each other.
private final class Meeting: Sendable {
    private let arrivals = Atomic(0)

    /// Returns when `count` arrivals have been counted since the beginning.
    func arrive(count: Int) {
        arrivals.add(1, ordering: .acquiringAndReleasing)
        while arrivals.load(ordering: .acquiring) < count { clinux_yield() }
    }
}

@Suite("A pool of threads", .timeLimit(.minutes(1))) struct ThreadPoolTests {
    @Test("runs each of 10,000 pieces of work once, however many threads hand them over")
    func everyPieceOnce() throws {
        let pool = try ThreadPool(limit: 4, umask: 0o022)
        let runs = Mutex([Int](repeating: 0, count: 10_000))
        let group = DispatchGroup()
        DispatchQueue.concurrentPerform(iterations: 10) { part in
            for piece in part * 1000..<(part + 1) * 1000 {
                group.enter()
                Work {
                    runs.withLock { $0[piece] += 1 }
                    group.leave()
                }.submit(to: pool, in: pool.startDirectory.number)
            }
        }
        group.wait()
        #expect(runs.withLock { $0.allSatisfy { $0 == 1 } })
        #expect(pool.threadCounts.all <= 4)
    }

    @Test("never has more threads than its limit, although two ask for the last one at the same moment")
    func limit() throws {
        let pools = try (0..<100).map { _ in try ThreadPool(limit: 2, umask: 0o022) }
        let (begun, held) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let group = DispatchGroup()
        let submit = { @Sendable (pool: ThreadPool) in
            group.enter()
            Work {
                begun.signal()
                held.wait()
                group.leave()
            }.submit(to: pool, in: pool.startDirectory.number)
        }
        for pool in pools { submit(pool) }
        let meeting = Meeting()
        let submitters = (0..<2).map { _ in
            BackgroundThread {
                for (round, pool) in pools.enumerated() {
                    meeting.arrive(count: 2 * (round + 1))
                    submit(pool)
                }
            }
        }
        for submitter in submitters { submitter.join() }
        for _ in 0..<200 { begun.wait() }
        for pool in pools { #expect(pool.threadCounts.all == 2) }
        for _ in 0..<300 { held.signal() }
        group.wait()
    }

    @Test("runs as much at once as its limit says, whoever hands it over, and however quickly")
    func sideBySide() throws {
        let pool = try ThreadPool(limit: 8, umask: 0o022)
        let directory = pool.startDirectory.number
        let ended = DispatchSemaphore(value: 0)
        for round in 0..<500 {
            let meeting = Meeting()
            // None of them ends before all have begun.
            let handOver = { @Sendable in
                for _ in 0..<8 - round % 2 {
                    Work {
                        meeting.arrive(count: 8 - round % 2)
                        ended.signal()
                    }.submit(to: pool, in: directory)
                }
            }
            if round % 2 == 0 { handOver() } else { Work(handOver).submit(to: pool, in: directory) }
            for _ in 0..<8 - round % 2 { ended.wait() }
        }
        #expect(pool.threadCounts.all == 8)
    }

    @Test("starts each piece of work in its own directory, whatever the one before on that thread changed to")
    func workingDirectory() async throws {
        let pool = try ThreadPool(limit: 1, umask: 0o027)
        let folder = try TemporaryFolder()
        let directory = Descriptor(
            owning: try check(clinux_open_directory(clinux_here, folder.path), "open", folder.path))
        let before = FileManager.default.currentDirectoryPath
        let number = directory.number
        let start = pool.startDirectory.number
        let found: [String] = await withCheckedContinuation { done in
            let list = Places()
            Work {
                list.append(FileManager.default.currentDirectoryPath)
                chdir("/")
                umask(0)
                list.append(FileManager.default.currentDirectoryPath)
            }.submit(to: pool, in: number)
            Work { list.append(String(umask(0), radix: 8)) }.submit(to: pool, in: number)
            Work {
                list.append(FileManager.default.currentDirectoryPath)
                done.resume(returning: list.all)
            }.submit(to: pool, in: start)
        }
        #expect(found == [folder.path, "/", "27", before])
        #expect(FileManager.default.currentDirectoryPath == before)
        #expect(number == directory.number)
    }

    @Test("asks again for a thread that was not to be had, so that work does not wait for what blocks")
    func shortage() throws {
        let isShort = Atomic(false)
        let retries = Retries()
        let pool = try ThreadPool(
            limit: 4, umask: 0o022, retry: { retries.append($1, again: $2) },
            start: { name, subject, body throws(IOError) in
                if isShort.load(ordering: .relaxed) { throw IOError("start", subject, code: EAGAIN) }
                try startThread(name, as: subject, body)
            })
        isShort.store(true, ordering: .relaxed)
        let directory = pool.startDirectory.number
        let (begun, held) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        for _ in 0..<3 {
            Work {
                begun.signal()
                held.wait()
            }.submit(to: pool, in: directory)
        }
        begun.wait()
        for failures in 0..<3 {
            #expect(retries.failures == Array(0...failures), "once at a time")
            if failures == 2 { isShort.store(false, ordering: .relaxed) }
            retries.again()
        }
        begun.wait()
        begun.wait()
        #expect(pool.threadCounts.all == 3)
        for _ in 0..<3 { held.signal() }
    }

    /// That nothing is kept of them the leak sanitizer tells.
    @Test("ends the threads that are too many when there is less to do at once, and has them again")
    func ended() throws {
        let pool = try ThreadPool(limit: 8, umask: 0o022)
        let directory = pool.startDirectory.number
        func round() {
            let (begun, held, ended) = (
                DispatchSemaphore(value: 0), DispatchSemaphore(value: 0), DispatchSemaphore(value: 0)
            )
            pool.setLimit(8)
            for _ in 0..<8 {
                Work {
                    begun.signal()
                    held.wait()
                    ended.signal()
                }.submit(to: pool, in: directory)
            }
            for _ in 0..<8 { begun.wait() }
            pool.setLimit(1)
            for _ in 0..<8 { held.signal() }
            for _ in 0..<8 { ended.wait() }
            // Twice the limit, and the one that is kept.
            while pool.threadCounts.all > 3 { clinux_yield() }
        }
        for _ in 0..<100 { round() }
    }
}
