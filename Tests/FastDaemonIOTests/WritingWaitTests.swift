import CLinux
import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import FastDaemonIO
@testable import FastDaemonSystem

@Suite("A wait for room to send", .timeLimit(.minutes(1))) struct WritingWaitTests {
    /// What the kernel was asked to tell of a descriptor (proc_pid_fdinfo(5)).
    private func watchedEvents(of number: Int32) throws -> UInt32? {
        let folder = "/proc/self/fdinfo"
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            // A descriptor of somebody else's may be gone by now.
            guard let text = try? String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8) else { continue }
            for line in text.split(separator: "\n") where line.hasPrefix("tfd:") {
                let fields = line.split(separator: " ", omittingEmptySubsequences: true)
                if fields[1] == "\(number)" { return UInt32(fields[3], radix: 16) }
            }
        }
        return nil
    }

    @Test("begins with the first that has to wait, and ends when the peer has read")
    func firstWait() async throws {
        let loop = try EventLoop()
        let (number, peer) = try socketPair(isNonBlocking: true)
        defer { close(peer) }
        let connection = Connection(Descriptor(owning: number), on: loop)

        // Watched for what comes, and for nothing else.
        await loop.visit { connection.onHangUp {} }
        #expect(try #require(try watchedEvents(of: number)) & clinux_writable == 0)

        let sent = Mutex(0)
        await withUnsafeContinuation { (waiting: UnsafeContinuation<Void, Never>) in
            loop.post {
                let bytes = [UInt8](repeating: 7, count: 1 << 20)
                let count = bytes.withUnsafeBytes { try? connection.sendNow($0) }
                sent.withLock { $0 = count ?? -1 }
                waiting.resume()
            }
        }
        let taken = sent.withLock { $0 }
        #expect((1..<1 << 20).contains(taken))
        await withUnsafeContinuation { (hasRoom: UnsafeContinuation<Void, Never>) in
            loop.post {
                do { try connection.whenWritable { hasRoom.resume() } } catch { Issue.record("\(error)") }
                var piece = [UInt8](repeating: 0, count: 1 << 20)
                #expect(recv(peer, &piece, piece.count, 0) > 0)
            }
        }
        #expect(try #require(try watchedEvents(of: number)) & clinux_writable != 0)
    }
}
