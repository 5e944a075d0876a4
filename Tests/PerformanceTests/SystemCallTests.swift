import Foundation
import TestSupport
import Testing

/// What each way of asking costs in system calls.
@Suite(
    "System calls a request", .serialized, .ownThread, .timeLimit(.minutes(20)),
    .enabled(if: isInstalled("strace"), "strace is not installed"))
struct SystemCallTests {
    private let daemon: RunningDaemon

    init() throws {
        daemon = try releaseDaemon()
    }

    @Test("50 connections on all loops: a recv and a send each, and a fifth of a wait at most")
    func fifty() throws {
        let peers = try (0..<50).map { _ in try daemon.connect() }
        let (rounds, count) = (100, 100 * 50)
        try Load.echo().run(rounds, over: peers)
        // A peer that is kept from sending for a moment has the daemon wait once more for it, so the best of some counts.
        let all = try (0..<5).map { _ in try SystemCalls(of: daemon) { try Load.echo().run(rounds, over: peers) } }
        let calls = try #require(all.min { $0.waits < $1.waits })
        print("50 connections, \(count) requests: \(calls)")
        #expect(calls["recvfrom", "recvmsg", "read"] <= count + count / 100)
        #expect(calls["sendto", "sendmsg", "write", "writev"] <= count + count / 100)
        #expect(calls.waits <= count / 5)
        #expect(calls.total - calls.waits <= count * 2 + count / 50)
    }

    @Test("50 connections and a concurrent command: a recv, a send and its surroundings each, and few wake-ups")
    func concurrent() throws {
        let concurrent = try releaseDaemon(plugin: concurrentEcho, others: ["loops": "1"])
        let peers = try (0..<50).map { _ in try concurrent.connect() }
        let (rounds, count) = (100, 100 * 50)
        try Load.echo().run(rounds, over: peers)
        let all = try (0..<5).map { _ in try SystemCalls(of: concurrent) { try Load.echo().run(rounds, over: peers) } }
        for calls in all { print("50 connections and a concurrent command, \(count) requests: \(calls)") }
        let calls = try #require(all.min { $0["futex"] < $1["futex"] })
        #expect(calls["recvfrom", "recvmsg", "read"] <= count + count / 100)
        #expect(calls["sendto", "sendmsg", "writev"] <= count + count / 100)
        #expect(calls["umask"] <= count)
        #expect(calls["fchdir"] <= count)
        #expect(calls.waits <= count / 4)
        // Of the loop by the pool, with every tenth reply at most; and of the pool's threads, each of which sleeps and is woken.
        #expect(calls["write"] <= count / 10)
        #expect(calls["futex"] <= count + count / 5)
        #expect(calls.total - calls.waits - calls["futex", "write"] <= count * 4 + count / 20)
    }

    @Test("pipelined by 16 with a concurrent command: a recv for each batch, and few sends and wake-ups of the loop")
    func pipelinedConcurrent() throws {
        let concurrent = try releaseDaemon(plugin: concurrentEcho, others: ["loops": "1"])
        let peer = try concurrent.connect()
        let batches = 300
        try Load.echo().runPipelined(batches, over: peer)
        let all = try (0..<5).map { _ in
            try SystemCalls(of: concurrent) { try Load.echo().runPipelined(batches, over: peer) }
        }
        for calls in all { print("pipelined with a concurrent command, \(batches) batches: \(calls)") }
        let sends = all.map { $0["sendto", "sendmsg", "writev"] }
        #expect(all.allSatisfy { $0["recvfrom", "recvmsg", "read"] <= batches + batches / 100 })
        #expect(try #require(sends.min()) <= 5 * batches)
        #expect(try #require(all.map { $0["write"] }.min()) <= 3 * batches)
        #expect(try #require(all.map { $0["futex"] }.min()) <= 16 * batches * 6 / 5)
        #expect(all.allSatisfy { $0["umask"] <= 16 * batches && $0["fchdir"] <= 16 * batches })
    }

    @Test("pipelined by 16: a recv, a send and a wait for each batch")
    func pipelined() throws {
        let peer = try daemon.connect()
        let batches = 1_000
        try Load.echo().runPipelined(batches, over: peer)
        let calls = try SystemCalls(of: daemon) { try Load.echo().runPipelined(batches, over: peer) }
        print("pipelined, \(batches) batches: \(calls)")
        #expect(calls["recvfrom", "recvmsg", "read"] <= batches + batches / 100)
        #expect(calls["sendto", "sendmsg", "write", "writev"] <= batches + batches / 100)
        // A loop may look once more before it sleeps.
        #expect(calls.waits <= batches + batches / 10)
        #expect(calls.total - calls.waits <= batches * 2 + batches / 50)
    }

    @Test("a connection for one request, one after the other: no more than seven, and the waits for the next")
    func separately() throws {
        let count = 500
        let single = try releaseDaemon(others: ["loops": "1"])
        try Load.echo().runSeparately(count, on: single)
        let calls = try SystemCalls(of: single) { try Load.echo().runSeparately(count, on: single) }
        print("separate connections, \(count) requests: \(calls)")
        // accept4 twice, the second to hear that nobody else has come, and recvfrom twice, the second for the end.
        #expect(calls["accept", "accept4"] <= count * 2)
        // Who asked is looked up for calls that are among the slowest.
        #expect(calls["getsockopt"] <= count / 3)
        #expect(calls.total - calls.waits - calls["getsockopt"] <= count * 7 + count / 25)
        // Where there are more loops, one that wakes up for nothing hears that nobody else has come, too.
        try Load.echo().runSeparately(count, on: daemon)
        let shared = try SystemCalls(of: daemon) { try Load.echo().runSeparately(count, on: daemon) }
        print("separate connections on all loops, \(count) requests: \(shared)")
        #expect(shared["accept", "accept4"] <= shared.waits + count)
        #expect(shared.total - shared.waits - shared["accept", "accept4", "getsockopt"] <= count * 5 + count / 25)
    }

    @Test("a connection for one request, 50 of them at a time: six, and little that the crowd shares")
    func crowd() throws {
        let count = 5_000
        let single = try releaseDaemon(others: ["loops": "1"])
        let generator = try ReleaseBuild.path("fastdaemon_bench")
        let words = ["-q", "--verify", "--warmup", "0", "--reconnect", "-n", "\(count)", single.folder.file("socket")]
        let all = try (0..<5).map { _ in
            try SystemCalls(of: single) {
                let result = try run(generator, words, seconds: 60)
                guard result.status == .exited(0) else { throw TestFailure("the generator: \(result.errorText)") }
            }
        }
        for calls in all { print("50 connections for one request each, \(count) requests: \(calls)") }
        #expect(all.allSatisfy { $0.total - $0.waits - $0["accept4", "getsockopt"] <= count * 5 + count / 25 })
        let calls = try #require(all.min { $0.waits < $1.waits })
        #expect(calls["accept4"] <= count + count / 5)
        #expect(calls.waits <= count / 5)
    }

    @Test("a session whose command ends at once: one recv, one send, and nothing watched")
    func sessions() throws {
        let count = 500
        let single = try releaseDaemon(others: ["loops": "1"])
        let request = RawRequest("echo", "hi")
        let run = {
            for _ in 0..<count {
                let outcome = try single.session(request).finish()
                guard outcome.output == Array("hi\n".utf8), outcome.end.status == 0 else {
                    throw TestFailure("a session ended with \(outcome)")
                }
            }
        }
        try run()
        let calls = try SystemCalls(of: single, during: run)
        print("sessions, \(count) of them: \(calls)")
        #expect(calls["recvfrom", "recvmsg", "read"] <= count + count / 50)
        #expect(calls["sendto", "sendmsg", "write", "writev"] <= count + count / 50)
        #expect(calls["epoll_ctl"] <= count / 50)
        #expect(calls.waits <= count + count / 10)
        // Two to accept, the second to hear that nobody else has come; one to ask who it is; one to close.
        #expect(calls.total - calls.waits <= count * 6 + count / 10)
    }
}
