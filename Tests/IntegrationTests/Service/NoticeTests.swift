import Foundation
import TestSupport
import Testing

@Suite("What the service manager is told", .ownThread, .timeLimit(.minutes(2))) struct NoticeTests {
    @Test("that it is ready, reloads, and stops")
    func life() throws {
        let folder = try DaemonFolder().with(DaemonConfiguration())
        let manager = try NoticeReceiver(at: folder.file("notify"))
        let daemon = try RunningDaemon(startingIn: folder, environment: manager.environment)
        let ready = try #require(manager.next())
        #expect(
            ready.hasPrefix("READY=1\nSTATUS=it listens at unix \(folder.file("socket")), as \(folder.configuration)"))
        let before = try monotonicMicroseconds()
        daemon.send(SIGHUP)
        let reloading = try #require(manager.next()).split(separator: "\n")
        #expect(reloading.first == "RELOADING=1")
        let time = try #require(reloading.last?.split(separator: "=").last.flatMap { UInt64($0) })
        #expect(reloading.last?.hasPrefix("MONOTONIC_USEC=") == true)
        #expect((before...(try monotonicMicroseconds())).contains(time))
        #expect(manager.next() == "READY=1\nSTATUS=3 commands of 3 plugins; 0 connections\n")
        daemon.send(SIGTERM)
        #expect(manager.next()?.hasPrefix("STOPPING=1\nSTATUS=stopping") == true)
        #expect(try daemon.wait().status == .exited(0))
    }

    @Test("a config that is refused ends the reloading, too, and the status says so")
    func refused() throws {
        let folder = try DaemonFolder().with(DaemonConfiguration())
        let manager = try NoticeReceiver(at: folder.file("notify"))
        let daemon = try RunningDaemon(startingIn: folder, environment: manager.environment)
        #expect(manager.next(with: "READY=1") != nil)
        try folder.write("{ nonsense")
        daemon.send(SIGHUP)
        #expect(manager.next()?.hasPrefix("RELOADING=1\n") == true)
        #expect(manager.next()?.hasPrefix("READY=1\nSTATUS=a changed config was refused") == true)
        #expect(try daemon.ask("echo hi") == Reply("hi\n"))
        #expect(try daemon.stop().status == .exited(0))
    }

    @Test("that it lives, for as long as every loop answers, with how things stand")
    func watchdog() throws {
        let folder = try DaemonFolder()
        try folder.build("stuck")
        try folder.write(DaemonConfiguration(plugins: ["Echo", "stuck"]).text)
        #expect(mkfifo(folder.file("fifo"), 0o600) == 0)
        let manager = try NoticeReceiver(at: folder.file("notify"))
        let daemon = try RunningDaemon(
            startingIn: folder,
            environment: manager.environment.merging(["WATCHDOG_USEC": "200000"]) { $1 })
        #expect(manager.next(with: "READY=1") != nil)
        let peer = try daemon.connect()
        #expect(try peer.ask("echo hi") == Reply("hi\n"))
        for _ in 0..<3 { #expect(manager.next(with: "WATCHDOG=1") != nil) }
        #expect(manager.next(with: "STATUS=5 commands of 2 plugins; 1 connections") != nil)

        try peer.send("stuck \(folder.file("fifo"))")
        #expect(daemon.waitForLine { $0.contains("stuck in process") } != nil)
        // What it said before that; and then nothing for five times as long as the manager waits.
        manager.takeAll()
        _ = manager.next(seconds: 0.1)
        #expect(manager.next(seconds: 1) == nil, "it says that it lives, and a loop is stuck")
        let writer = open(folder.file("fifo"), O_WRONLY)
        close(writer)
        #expect(try peer.receiveReply() == Reply("free\n"))
        #expect(manager.next(with: "WATCHDOG=1") != nil)
        #expect(try daemon.stop().status == .exited(0))
    }

    @Test("nothing of its life where another process is meant, or nobody asked", arguments: ["1", nil])
    func unasked(process: String?) throws {
        let folder = try DaemonFolder().with(DaemonConfiguration())
        let manager = try NoticeReceiver(at: folder.file("notify"))
        var environment = manager.environment
        if let process { environment.merge(["WATCHDOG_USEC": "100000", "WATCHDOG_PID": process]) { $1 } }
        let daemon = try RunningDaemon(startingIn: folder, environment: environment)
        #expect(manager.next(with: "READY=1") != nil)
        #expect(manager.next(seconds: 0.5) == nil)
        #expect(try daemon.stop().status == .exited(0))
    }

    private func monotonicMicroseconds() throws -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec) / 1000
    }
}
