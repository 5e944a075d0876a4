import Foundation
import TestSupport
import Testing

@testable import fastdaemon_bench

@Suite("What a server's processes use")
struct ServerProcessTests {
    /// More than the shell itself takes, and less than its loop.
    private let milliseconds20: UInt64 = 20_000_000

    /// A child that nobody waits for has the test library wait for it for ever, in the next test that ends a process on purpose.
    private func end(_ program: RunningProgram) {
        program.send(SIGKILL)
        #expect(throws: Never.self) { try program.wait() }
    }

    @Test("counts children that have ended")
    func ended() throws {
        let program = try RunningProgram(
            "/bin/sh", ["-c", "(i=0; while [ $i -lt 500000 ]; do i=$((i+1)); done); echo ended >&2; exec sleep 1000"])
        defer { end(program) }
        #expect(program.nextErrorLine() == "ended")
        let process = try #require(ServerProcess(program.id))
        #expect(try #require(process.cpuTime) > milliseconds20)
    }

    @Test("counts children that run, those too that were started later")
    func running() throws {
        let program = try RunningProgram("/bin/sh", ["-c", "read go; while :; do :; done & echo $! >&2; wait"])
        defer { end(program) }
        var process = try #require(ServerProcess(program.id))
        program.closeInput()
        let child = try #require(program.nextErrorLine().flatMap { pid_t($0) })
        defer { kill(child, SIGKILL) }
        process.findChildren()
        while try #require(process.cpuTime) <= milliseconds20 { sched_yield() }
    }
}
