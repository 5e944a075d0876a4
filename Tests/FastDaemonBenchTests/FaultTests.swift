import Glibc
import Synchronization
import Testing

@testable import fastdaemon_bench

@Suite("What a server does wrong is counted as what it is")
struct FaultTests {
    private let folder: ScratchFolder
    private let path: String

    /// Bytes of the request that is sent where the options name no command.
    private let requestSize: Int

    init() throws {
        folder = try ScratchFolder()
        path = "\(folder.path)/faulty.sock"
        requestSize = try RecordCodec(Options()).request.count
    }

    @Test("a connection that ends inside a reply")
    func short() throws {
        let measurement = try measure("-c", "1", "-n", "3") { [requestSize] peer in
            peer.read(requestSize)
            peer.write(Array(record("hello", "").dropLast()))
        }
        #expect(measurement.tally[.short] == 3)
        #expect(measurement.tally.isAllFailed)
    }

    @Test("bytes that are another protocol")
    func malformed() throws {
        let measurement = try measure("-c", "1", "-n", "2") { [requestSize] peer in
            peer.read(requestSize)
            peer.write(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))
            peer.read(1)
        }
        #expect(measurement.tally[.malformed] == 2)
    }

    @Test("a reply that nothing was asked for")
    func unasked() throws {
        let measurement = try measure("-c", "1", "-n", "1") { [requestSize] peer in
            peer.read(requestSize)
            peer.write(record("one", "") + record("two", ""))
            peer.read(1)
        }
        #expect(measurement.tally.replies == 1)
        #expect(measurement.tally[.malformed] == 1)
    }

    @Test("an error text, of which the first is shown")
    func refused() throws {
        let measurement = try measure("-c", "1", "-n", "2") { [requestSize] peer in
            for text in ["no such command", "busy"] {
                peer.read(requestSize)
                peer.write(record("", text))
            }
            peer.read(1)
        }
        #expect(measurement.tally[.refused] == 2)
        #expect(measurement.tally.replies == 2)
        #expect(measurement.tally.firstReason(for: .refused) == "no such command")
        #expect(measurement.tally.isAllFailed)
    }

    @Test("no reply at all")
    func unanswered() throws {
        let measurement = try measure("-c", "1", "-P", "4", "-n", "4", "--timeout", "0.2") { [requestSize] peer in
            peer.read(requestSize)
            peer.write(record("one", ""))
            peer.read(1_000)
        }
        #expect(measurement.tally.replies == 1)
        #expect(measurement.tally[.unanswered] == 3)
        #expect(measurement.tally.firstReason(for: .unanswered) == "no reply within 0.2 s")
        #expect(!measurement.tally.isAllFailed)
    }

    @Test("requests of an open loop that were due and could not even be sent")
    func neverSent() throws {
        let measurement = try measure("-c", "1", "-n", "10", "--rate", "1000", "--timeout", "0.2") { peer in
            peer.read(1_000)
        }
        #expect(measurement.tally[.unanswered] == 10)
        #expect(measurement.tally.isAllFailed)
    }

    @Test("a stall shows with its whole length in an open loop")
    func stall() throws {
        let measurement = try measure("-c", "1", "-P", "100", "-n", "100", "--rate", "500") { [requestSize] peer in
            peer.read(100 * requestSize)
            for _ in 0..<100 { peer.write(record("at last", "")) }
            peer.read(1)
        }
        let latencies = measurement.tally.latencies
        #expect(measurement.tally.replies == 100)
        // The first was due 99/500 s before the last, and all were answered after that one.
        #expect(latencies.maximum >= 198_000_000)
        #expect(latencies.percentile(50) >= 98_000_000)
    }

    @Test("a datagram that is lost, while the others are answered")
    func lostDatagram() throws {
        let request = try RecordCodec(Options()).request
        let count = Atomic(0)
        let server = try DatagramServer(at: path) { received in
            #expect(received == request)
            return count.add(1, ordering: .relaxed).newValue == 3 ? nil : record("hi", "")
        }
        let arguments = ["--quiet", "--warmup", "0", "--dgram", "-c", "2", "-n", "10", "--timeout", "0.2", server.path]
        let measurement = try withExtendedLifetime(server) { try measure(arguments) }
        #expect(measurement.tally.replies == 9)
        #expect(measurement.tally[.unanswered] == 1)
    }

    @Test("a datagram that is no record")
    func malformedDatagram() throws {
        let server = try DatagramServer(at: path) { _ in Array(record("hi", "").dropLast()) }
        let arguments = ["--quiet", "--warmup", "0", "--dgram", "-c", "1", "-n", "2", server.path]
        let measurement = try withExtendedLifetime(server) { try measure(arguments) }
        #expect(measurement.tally[.malformed] == 2)
    }

    @Test("a server that goes away ends the run")
    func unreachable() throws {
        let path = path
        let measurement = try measure("-c", "1", "--duration", "1000") { peer in
            unlink(path)
        }
        #expect(measurement.ending == .unreachable)
        #expect(measurement.tally[.connect] == 20)
        #expect(measurement.tally[.short] + measurement.tally[.reset] == 1)
    }

    private func measure(
        _ arguments: String..., script: @escaping @Sendable (ScriptedServer.Peer) -> Void
    ) throws -> Measurement {
        let server = try ScriptedServer(at: path, script: script)
        return try withExtendedLifetime(server) { try measure(["--quiet", "--warmup", "0"] + arguments + [path]) }
    }

    private func measure(_ arguments: [String]) throws -> Measurement {
        guard case .run(let options) = try Options.parse(arguments) else {
            throw ProgramError(reason: "the options ask for no run")
        }
        var generator = try LoadGenerator(options, endpoint: Endpoint(options), codec: RecordCodec(options))
        return generator.run()
    }
}

@Suite("The program where nothing answers")
struct RefusalTests {
    @Test("a wrong option is status 64 and one line")
    func usage() throws {
        let outcome = try RunningProgram(Programs.bench, ["--connections", "none", "9998"]).finish()
        #expect(outcome.status == 64)
        #expect(outcome.output == "")
        #expect(
            outcome.errors == "fastdaemon_bench: --connections takes an integer from 1 to 1000000, not 'none';"
                + " 'fastdaemon_bench -h' shows how it is called\n")
    }

    @Test("no daemon is status 69 and one line")
    func unavailable() throws {
        let folder = try ScratchFolder()
        let outcome = try RunningProgram(Programs.bench, ["\(folder.path)/none.sock"]).finish()
        #expect(outcome.status == 69)
        #expect(
            outcome.errors == "fastdaemon_bench: cannot connect to \(folder.path)/none.sock: No such file or directory;"
                + " is the daemon running, and does its config listen here?\n")
    }

    @Test("a path too long for a socket is said to be that")
    func longPath() throws {
        let outcome = try RunningProgram(Programs.bench, [String(repeating: "x", count: 108)]).finish()
        #expect(outcome.status == 69)
        #expect(outcome.errors.contains("a socket's path has 1 to 107 bytes"))
    }

    @Test("a process that is not there is said to be that")
    func noProcess() throws {
        let folder = try ScratchFolder()
        let server = try ScriptedServer(at: "\(folder.path)/some.sock") { _ in }
        let arguments = ["--pid", "4194304", server.path]
        let outcome = try withExtendedLifetime(server) { try RunningProgram(Programs.bench, arguments).finish() }
        #expect(outcome.status == 69)
        #expect(outcome.errors.contains("cannot see process 4194304 of --pid"))
    }

    @Test("more connections than descriptors is said to be that")
    func tooMany() throws {
        let outcome = try RunningProgram("/bin/sh", ["-c", "ulimit -n 64; exec \(Programs.bench) -c 100 9998"]).finish()
        #expect(outcome.status == 69)
        #expect(outcome.errors.contains("100 connections need 116 descriptors, and only 64 are allowed"))
    }

    @Test("a result that cannot be written is status 74")
    func fullDisk() throws {
        let outcome = try RunningProgram("/bin/sh", ["-c", "exec \(Programs.bench) --help > /dev/full"]).finish()
        #expect(outcome.status == 74)
        #expect(outcome.errors.contains("cannot write the result to standard output: No space left on device"))
    }

    @Test("help and version are status 0")
    func help() throws {
        let help = try RunningProgram(Programs.bench, ["--help"]).finish()
        #expect(help.status == 0)
        #expect(help.output.hasPrefix("usage: fastdaemon_bench [options] port [command [argument ...]]\n"))
        #expect(try RunningProgram(Programs.bench, ["--version"]).finish().output == "fastdaemon_bench 0.1.0\n")
    }
}
