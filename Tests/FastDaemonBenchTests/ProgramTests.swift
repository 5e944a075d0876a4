import Foundation
import TestSupport
import Testing

@testable import fastdaemon_bench

@Suite("The program, against the C echo")
struct ProgramTests {
    private let echo: EchoServer
    private var socket: String { echo.socket }

    init() throws {
        echo = try EchoServer()
    }

    @Test("answers every request of a closed loop, and sees the server's process")
    func closedLoop() throws {
        let result = try run("-c", "5", "-n", "2000", "--warmup", "0", "-d", "100", socket)
        #expect(result.requests == 2000)
        #expect(result.failed == 0)
        #expect(result.bytesSent == 2000 * (4 + 4 + 4 + 100))
        #expect(result.bytesReceived == 2000 * (4 + 4 + 100))
        let latency = try #require(result.latency)
        #expect(try #require(latency["min"]) > 0)
        #expect(try #require(latency["p50"]) <= #require(latency["p99"]))
        #expect(try #require(result.daemonCpuPerRequest) > 0)
        #expect(try #require(result.daemonResidentKib) > 0)
    }

    @Test("the warm-up is not counted")
    func warmup() throws {
        let result = try run("-c", "1", "-n", "100", "--warmup", "100", socket)
        #expect(result.requests == 100)
        #expect(result.bytesReceived == 100 * 24)
    }

    @Test("the warm-up may end in the midst of a batch")
    func warmupInsideBatch() throws {
        let result = try run("-c", "2", "-P", "16", "-n", "1000", "--warmup", "1", socket)
        #expect(result.requests == 1000)
        #expect(result.bytesReceived == 1000 * 24)
    }

    @Test("pipelines, also where the count does not divide")
    func pipelined() throws {
        let result = try run("-c", "3", "-P", "16", "-n", "1000", "--warmup", "0", socket, "echo", "hi")
        #expect(result.requests == 1000)
        #expect(result.bytesReceived == 1000 * (4 + "hi\n".utf8.count + 4))
        #expect(result.failed == 0)
    }

    @Test("moves requests that are larger than a socket's buffer")
    func large() throws {
        let result = try run("-c", "2", "-P", "3", "-n", "60", "--warmup", "0", "-d", "1000000", socket)
        #expect(result.requests == 60)
        #expect(result.bytesReceived == 60 * 1_000_008)
    }

    @Test("makes a connection for each request")
    func reconnect() throws {
        let result = try run("-c", "4", "--reconnect", "-n", "500", "--warmup", "0", socket)
        #expect(result.requests == 500)
        #expect(result.failed == 0)
    }

    @Test("keeps the rate it is given")
    func openLoop() throws {
        let result = try run("-c", "4", "--rate", "500", "-n", "100", "--warmup", "0", socket)
        #expect(result.requests == 100)
        // The last request is due 99/500 s after the first, and never sent sooner.
        #expect(result.seconds >= 0.198)
    }

    @Test("holds idle connections besides")
    func idle() throws {
        let result = try run("-c", "1", "-n", "10", "--idle", "200", socket)
        #expect(result.idleHeld == 200)
        #expect(result.idleClosed == 0)
    }

    @Test("an interrupt ends the run and still prints its result", arguments: [SIGINT, SIGTERM])
    func interrupt(signal: Int32) throws {
        let folder = try TemporaryFolder()
        let isInLoop = DispatchSemaphore(value: 0)
        let server = try FakeServer(.unix(folder.file("one.sock"))) { peer in
            _ = try peer.receiveRecord()
            try peer.send(record("hi", ""))
            let second = try peer.receiveRecord()
            isInLoop.signal()
            _ = try peer.receiveAll()
            return second
        }
        let arguments = ["--json", "-c", "1", "--warmup", "0", "--duration", "1000", "--timeout", "1000", server.port]
        let program = try RunningProgram(builtProgram("fastdaemon_bench"), arguments)
        isInLoop.wait()
        program.send(signal)
        let outcome = try program.wait()
        let result = try DecodedReport(outcome.outputText)
        #expect(outcome.status == .exited(0))
        #expect(result.requests == 1)
        #expect(result.ending == "interrupted")
    }

    private func run(_ arguments: String...) throws -> DecodedReport {
        let outcome = try runBench(["--json"] + arguments)
        #expect(outcome.status == .exited(0))
        #expect(outcome.errorText == "")
        return try DecodedReport(outcome.outputText)
    }
}
