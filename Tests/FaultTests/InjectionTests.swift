import Foundation
import TestSupport
import Testing

/// System calls that fail in turn, through strace(1): each of them does. Whatever fails, a client gets the right answer, or an
/// error, or a connection that is closed; nothing hangs, and the daemon lives. `make soak` has later ones of each fail, too.
@Suite(
    "Faults: system calls", .serialized, .ownThread, .timeLimit(.minutes(10)),
    .enabled(if: isInstalled("strace"), "strace is not installed"))
struct InjectionTests {
    /// How many times as many calls of each name fail that there is no end of.
    private static let later = ProcessInfo.processInfo.environment["FASTDAEMON_SOAK_SECONDS"] == nil ? 1 : 3

    /// What a daemon calls while it serves, and what of its errors a sound kernel may return there.
    private static let served = Injection.all(
        later: later,
        [
            ("accept4", "EMFILE ENFILE ENOBUFS ENOMEM ECONNABORTED EPROTO EINTR EPERM", 1...8),
            ("recvfrom", "EINTR ECONNRESET ENOMEM ETIMEDOUT", 1...12),
            ("sendto", "EINTR EPIPE ECONNRESET ENOBUFS ENOMEM", 1...12),
            ("epoll_wait", "EINTR", 1...12),
            ("epoll_ctl", "ENOMEM ENOSPC", 1...7),
            ("openat", "EMFILE ENFILE ENOMEM EACCES ENOENT EIO ELOOP EINTR", 1...6),
            ("fchdir", "EACCES ENOENT EIO", 1...6),
            ("eventfd2", "EMFILE ENFILE ENOMEM", 1...3),
            ("getsockopt", "ENOBUFS ENOMEM", 1...6),
            ("write", "EINTR", 1...9),
        ])

    /// What it calls while it starts.
    private static let started = Injection.all([
        ("socket", "EMFILE ENOBUFS EACCES", 1...1), ("bind", "EACCES EADDRINUSE", 1...1), ("listen", "ENOBUFS", 1...1),
        ("epoll_create1", "EMFILE ENOMEM", 1...2), ("eventfd2", "EMFILE ENOMEM", 1...2), ("epoll_ctl", "ENOMEM", 1...3),
        ("openat2", "EMFILE EIO ENOENT EINTR", 1...3), ("memfd_create", "EMFILE ENOMEM", 1...3),
        ("sendfile", "EIO ENOMEM", 1...3), ("fcntl", "EMFILE EINVAL", 1...3), ("clone3", "EAGAIN ENOMEM", 1...5),
        ("pipe2", "EMFILE", 1...1), ("fchmod", "EIO", 1...1), ("chmod", "EIO", 1...1),
        ("newfstatat", "EIO EACCES", 1...4),
    ])

    @Test("System calls fail in turn while a daemon starts: it serves, or says why it does not", arguments: started)
    func starting(injection: Injection) throws {
        let folder = try DaemonFolder().with(DaemonConfiguration())
        let program = try RunningProgram(
            "/usr/bin/env",
            ["strace", "-D", "-f", "-qq", "--seccomp-bpf", "-o", folder.file("strace")] + injection.options
                + [builtProgram("fastdaemond"), "--config", folder.configuration])
        var lines = 0
        while let line = program.nextErrorLine(after: lines, seconds: 20), !line.contains(" notice: ready") {
            lines += 1
        }
        if let peer = try? RawPeer(unix: folder.file("socket")) {
            #expect(try peer.ask("daemon ping") == Reply("pong\n"), "\(injection)")
        }
        program.send(SIGTERM)
        let result = try program.wait(seconds: 20)
        #expect(try Injector.hasFailed(by: folder.file("strace")), "\(injection) did not happen")
        let isClean = [.exited(0), .exited(69), .exited(78)].contains(result.status)
        #expect(isClean && !result.errors.isEmpty, "\(injection): \(result.status), \(result.errorText.suffix(300))")
    }

    @Test("These are 300 points, and more")
    func points() {
        #expect(Self.started.count + Self.served.count + Self.spawning.count >= 300)
    }

    @Test("System calls fail in turn while a daemon serves: a right reply or a clean close, and it lives")
    func serving() throws {
        let daemon = try RunningDaemon(with: ["session_tools"])
        try Data("a note\n".utf8).write(to: URL(filePath: daemon.folder.file("note")))
        let questions = Questions(daemon)
        #expect(try questions.askAll() == [])
        let descriptors = daemon.descriptorCount
        for injection in Self.served {
            let injector = try Injector(injection, into: daemon)
            var rounds = 0
            // Which thread serves whom is the daemon's affair, so a late position may take more than two.
            repeat {
                rounds += 1
                let odd = (try? questions.askAll(mayFail: true)) ?? ["the questions could not be asked"]
                #expect(odd == [], "\(injection)")
            } while try rounds < 2 || !injector.hasFailed && rounds < 100
            // A call that strace has in its hands when it ends fails as no kernel has it fail.
            try daemon.wait(until: "no thread is within a call") { daemon.isAsleep }
            try injector.finish()
            #expect(try injector.hasFailed, "\(injection)")
            // What failed is over, and so is what it did.
            #expect(try questions.askAll() == [], "after \(injection)")
            guard daemon.isAlive else { throw TestFailure("\(injection) killed the daemon: \(daemon.log.suffix(5))") }
        }
        print("injection: \(Self.served.count) calls failed while serving")
        #expect(daemon.waitForDescriptors(atMost: descriptors), "\(daemon.descriptorCount), not \(descriptors)")
        #expect(try daemon.stop().status == .exited(0))
    }
}

extension InjectionTests {
    /// What a daemon calls to start a worker and to speak with it; strace follows the worker, too.
    private static let spawning = Injection.all(
        later: later,
        [
            ("clone3", "EAGAIN ENOMEM", 1...2), ("pidfd_open", "EMFILE ENOMEM", 1...2),
            ("socketpair", "EMFILE ENFILE ENOMEM", 1...2), ("execve", "ENOENT EACCES ENOMEM EAGAIN", 1...1),
            ("sendmsg", "EINTR EPIPE ENOBUFS ENOMEM", 1...3), ("recvmsg", "EINTR ECONNRESET ENOMEM", 1...3),
            ("fcntl", "EMFILE", 1...4), ("epoll_create1", "EMFILE", 1...1), ("memfd_create", "EMFILE ENOMEM", 1...1),
            ("epoll_ctl", "ENOMEM ENOSPC", 1...4),
        ])

    @Test("System calls fail in turn while workers are started: a right reply, an error or a clean close, and it lives")
    func workers() throws {
        // Each call needs a new worker.
        let daemon = try RunningDaemon(
            DaemonConfiguration(plugins: [
                "Echo",
                #"{ "library": "libWait.so", "execution": "process", "workers": 1, "callsPerWorker": 1, "concurrency": 1 }"#,
            ]))
        #expect(try daemon.ask("wait 0") == Reply("waited 0\n"))
        try daemon.waitUntilAtRest()
        let descriptors = daemon.descriptorCount
        for injection in Self.spawning {
            let watch = PauselessStopwatch()
            // The loops call that, too, and first.
            let thread = injection.call == "epoll_ctl" ? "workers" : nil
            let injector = try Injector(injection, into: daemon, thread: thread)
            var asked: RawPeer?
            // One call after the other, until the system call is reached. No worker may start from then on, so none is waited for.
            try daemon.wait(until: "\(injection) fails") {
                if let peer = asked, try peer.hasSomethingToRead(within: 0) {
                    expectAnswer(of: peer, injection)
                    asked = nil
                }
                if asked == nil {
                    asked = try daemon.connect()
                    try asked!.send("wait 0")
                }
                return try injector.hasFailed
            }
            #expect(try daemon.ask("echo hello") == Reply("hello\n"), "\(injection)")
            try injector.finish()
            if let asked { expectAnswer(of: asked, injection) }
            // After a pause that grows with the failures a new worker is there; the answer begins the pauses anew.
            try daemon.wait(until: "a worker serves again after \(injection)", seconds: 45) {
                try daemon.ask("wait 0") == Reply("waited 0\n")
            }
            // The time that a worker has to load its library is five seconds.
            #expect(watch.seconds < 4, "\(injection) was not noticed")
            guard daemon.isAlive else { throw TestFailure("\(injection) killed the daemon: \(daemon.log.suffix(5))") }
        }
        print("injection: \(Self.spawning.count) calls failed while workers were started")
        // The last ones that were used may still be ending; one that was lost would stay.
        try daemon.wait(until: "no worker is left but one, and one that is to come") { daemon.children.count <= 2 }
        #expect(daemon.waitForDescriptors(atMost: descriptors), "\(daemon.descriptorCount), not \(descriptors)")
        #expect(try daemon.stop().status == .exited(0))
    }

    private func expectAnswer(of peer: RawPeer, _ injection: Injection) {
        let reply = try? peer.receiveReply()
        #expect(reply == nil || reply == Reply("waited 0\n") || reply?.errors.isEmpty == false, "\(injection)")
    }
}

/// What is asked at each point.
private struct Questions {
    let daemon: RunningDaemon

    init(_ daemon: RunningDaemon) {
        self.daemon = daemon
    }

    /// Asks all of them. Returns what went wrong, in words.
    ///
    /// - Parameter mayFail: Whether an error or a closed connection is as good as a right answer.
    func askAll(mayFail: Bool = false) throws -> [String] {
        var odd: [String] = []
        for line in ["echo hello", "wait 0"] {
            let right = Reply(line == "wait 0" ? "waited 0\n" : "hello\n")
            odd += judge(line, mayFail) { peer in
                let reply = try peer.ask(line)
                return reply == right
                    ? .right : reply.output.isEmpty && !reply.errors.isEmpty ? .error : .wrong("\(reply)")
            }
        }
        let sessions = [
            ("echo", RawRequest("echo"), "some input"), ("show", RawRequest("show", "note"), "a note\n"),
            ("wait", RawRequest("wait", "0"), "waited 0\n"),
        ]
        for (name, request, output) in sessions {
            odd += judge("session of \(name)", mayFail) { peer in
                let session = RawSession(peer)
                try session.send(request.with(\.directory, daemon.folder.path))
                try session.receiveHello()
                let outcome = try session.finish(input: Array("some input".utf8))
                if outcome.summary == "\(output)||completed 0" { return .right }
                return outcome.end.status != 0 && output.hasPrefix(outcome.outputText)
                    ? .error : .wrong(outcome.summary)
            }
        }
        return odd
    }

    private enum Answer {
        case right
        case error
        case wrong(String)
    }

    private func judge(_ name: String, _ mayFail: Bool, _ ask: (RawPeer) throws -> Answer) -> [String] {
        let watch = Stopwatch()
        do {
            switch try ask(daemon.connect()) {
            case .right: return []
            case .error where mayFail: return []
            case .error: return ["\(name): an error"]
            case .wrong(let what): return ["\(name): \(what)"]
            }
        } catch let failure as RawPeer.Failure where failure.code == EAGAIN {
            return ["\(name): nothing came for \(RawPeer.patience) s"]
        } catch {
            // The connection was closed, in the middle of an answer perhaps.
            return mayFail && watch.seconds < 7 ? [] : ["\(name): \(error), after \(watch.seconds) s"]
        }
    }
}
