import Foundation
import TestSupport
import Testing

@Suite("The forwarder in pipelines, without streams, and under signals")
struct StreamTests {
    private let folder = try! TemporaryFolder()

    /// Answers one request with a reply of `output` and `errors`; a client that does not want all of it is fine.
    private func server(_ output: [UInt8], _ errors: String = "") throws -> FakeServer {
        try FakeServer(.unix(folder.file("s"))) { peer in
            let request = try peer.receiveRecord()
            try? peer.send(record(output, Array(errors.utf8)))
            return request
        }
    }

    private func shell(_ script: String, _ server: FakeServer) throws -> ProgramResult {
        try run("/bin/bash", ["-c", script, builtProgram("fastdaemon_client"), server.port])
    }

    @Test("a reader that leaves ends it quietly, as SIGPIPE ends cat")
    func brokenPipe() throws {
        let server = try server(Array("line\n".utf8) + manyBytes(16 << 20))
        let result = try shell("\"$0\" --record \"$1\" x | head -1; echo ${PIPESTATUS[0]}", server)
        #expect(result.outputText == "line\n141\n")
        #expect(result.errors.isEmpty)
        _ = try server.finish()
    }

    @Test("it ends so, too, where SIGPIPE is ignored")
    func ignoredBrokenPipe() throws {
        let server = try server([UInt8](repeating: 10, count: 1 << 20))
        let result = try shell("trap '' PIPE; \"$0\" --record \"$1\" x | head -c 1; echo ${PIPESTATUS[0]}", server)
        #expect(result.outputText == "\n141\n")
        #expect(result.errors.isEmpty)
        _ = try server.finish()
    }

    @Test("a closed standard output is an error only where there is output")
    func closedOutput() throws {
        let silent = try server([], "err")
        let quiet = try client("--record", silent.port, "x", closing: [1])
        #expect(quiet.status == .exited(0))
        #expect(quiet.errorText == "err")
        #expect(try silent.finish() == record("x"))

        try FileManager.default.removeItem(atPath: silent.port)
        let talking = try server([65])
        let failed = try client("--record", talking.port, "x", closing: [1])
        #expect(failed.status == .exited(74))
        #expect(failed.errorText == "fastdaemon_client: cannot write standard output: Bad file descriptor\n")
        #expect(try talking.finish() == record("x"))
    }

    @Test("a closed standard error does not keep the output back")
    func closedErrors() throws {
        let server = try server([65])
        let result = try client("--record", server.port, "x", closing: [2])
        #expect(result.status == .exited(0))
        #expect(result.outputText == "A")
        #expect(try server.finish() == record("x"))
    }

    @Test("all three streams closed, the connection is none of them")
    func allClosed() throws {
        let server = try server([65])
        let result = try client("--record", server.port, "x", input: .closed, closing: [1, 2])
        #expect(result.status == .exited(74))
        #expect(try server.finish() == record("x"))
    }

    @Test("a full device is status 74")
    func fullDevice() throws {
        let server = try server([65])
        let result = try shell("\"$0\" --record \"$1\" x >/dev/full", server)
        #expect(result.status == .exited(74))
        #expect(result.errorText == "fastdaemon_client: cannot write standard output: No space left on device\n")
        _ = try server.finish()
    }

    @Test(
        "an output that does not block is waited for", .enabled(if: isInstalled("python3"), "python3 is not installed"))
    func nonBlockingOutput() throws {
        let output = [UInt8](repeating: 9, count: 4 << 20)
        let server = try server(output)
        let script = "import os, sys; os.set_blocking(1, False); os.execv(sys.argv[1], sys.argv[1:])"
        let program = builtProgram("fastdaemon_client")
        let result = try run("/usr/bin/env", ["python3", "-c", script, program, "--record", server.port, "x"])
        #expect(result.status == .exited(0))
        #expect(result.output == output)
        _ = try server.finish()
    }

    @Test("a signal ends it", arguments: [SIGINT, SIGTERM, SIGHUP])
    func signals(signal: Int32) throws {
        let isWaiting = DispatchSemaphore(value: 0)
        let server = try FakeServer(.unix(folder.file("s"))) { peer in
            let request = try peer.receiveRecord()
            isWaiting.signal()
            return request + (try peer.receiveAll())
        }
        let program = try RunningProgram(builtProgram("fastdaemon_client"), ["--record", server.port, "wait"])
        program.closeInput()
        isWaiting.wait()
        program.send(signal)
        #expect(try program.wait().status == .signalled(signal))
        #expect(try server.finish() == record("wait"))
    }
}
