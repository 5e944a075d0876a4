import Foundation
import TestSupport
import Testing

/// `fastdaemon_client --start` with a daemon that does not become ready, or another client that does not go on.
@Suite("Waiting for a daemon that was started", .ownThread, .timeLimit(.minutes(3))) struct StartPatienceTests {
    private let started: StartedDaemons

    /// A client beside a `fastdaemond` that says "began" in its log, and no more.
    private let stuckClient: String

    init() throws {
        started = try StartedDaemons()
        stuckClient = started.file("stuck/fastdaemon_client")
        // A file that this process had open to write could not be run while a child of another test still has it.
        let script = #"""
            set -e
            mkdir "$1"
            cd "$1"
            mkfifo never
            printf '#!/bin/sh\necho began >&2; read word < "%s/never"\n' "$1" > fastdaemond
            chmod 755 fastdaemond
            cp "$0" .
            """#
        let made = try run("/bin/sh", ["-c", script, builtProgram("fastdaemon_client"), started.file("stuck")])
        #expect(made.status == .exited(0), "\(made.errorText)")
    }

    /// A client that has the lock and does not go on. It is killed at its end.
    private func withStoppedClient(_ body: () throws -> Void) throws {
        let stopped = try started.program(stuckClient, ["--start", started.socket, "echo", "hi"])
        #expect(started.waitForLog { $0.contains("began") })
        stopped.send(SIGSTOP)
        defer {
            stopped.send(SIGKILL)
            _ = try? stopped.wait()
        }
        try body()
    }

    @Test("a client that was stopped while it starts one is in nobody's way who wants another")
    func otherAddress() throws {
        let other = started.file("other")
        try started.folder.write(DaemonConfiguration(listen: [#"{ "unix": "other" }"#]).text)
        try withStoppedClient { () throws in
            #expect(try started.runClient(["--start", other, "echo", "hi"]).outputText == "hi\n")
        }
    }

    @Test("whoever waits for it goes on as soon as a daemon answers")
    func answer() throws {
        try withStoppedClient { () throws in
            let waiting = try started.client(["--start", started.socket, "echo", "hi"])
            let daemon = try RunningDaemon(in: started.folder)
            #expect(try waiting.wait(seconds: 30).outputText == "hi\n")
            withExtendedLifetime(daemon) {}
        }
    }

    /// Runs a client for which no time passes while it waits: poll(2) says at once that nothing came.
    private func hurriedClient(_ program: String, _ words: [String]) throws -> ProgramResult {
        let strace = [
            "strace", "--seccomp-bpf", "-f", "-o", "/dev/null", "-e", "trace=?poll,?ppoll", "-e",
            "inject=?poll,?ppoll:retval=0", program,
        ]
        // Where there is a leak sanitizer, it does not work under strace.
        let environment = ["ASAN_OPTIONS": "detect_leaks=0"]
        return try started.program("/usr/bin/env", strace + words, environment: environment).wait(seconds: 90)
    }

    @Test(
        "a daemon that is not ready in time is stopped", .enabled(if: isInstalled("strace"), "strace is not installed"))
    func notReady() throws {
        let result = try hurriedClient(stuckClient, ["--start", started.socket, "echo", "hi"])
        #expect(result.status == .exited(69))
        #expect(
            result.errorText == """
                fastdaemon_client: no daemon at \(started.socket); fastdaemond was started and stopped again, since it \
                was not ready after 30 seconds; its log is \(started.file("state/fastdaemon/fastdaemond.log"))

                """)
        let watch = Stopwatch()
        while !started.processes.isEmpty, watch.seconds < 15 { sched_yield() }
        #expect(started.processes.isEmpty)
    }

    @Test(
        "another client is waited for no longer than that",
        .enabled(if: isInstalled("strace"), "strace is not installed"))
    func lockIsHeld() throws {
        try withStoppedClient { () throws in
            let client = builtProgram("fastdaemon_client")
            let result = try hurriedClient(client, ["--start", "--or-exec", started.socket, "echo", "here"])
            #expect(result.outputText == "here\n")
            let alone = try hurriedClient(client, ["--start", started.socket, "echo", "hi"])
            #expect(alone.status == .exited(69))
            #expect(
                alone.errorText == """
                    fastdaemon_client: no daemon at \(started.socket); another client has been about to start one for \
                    30 seconds

                    """)
        }
    }
}
