import Foundation
import TestSupport
import Testing

/// The plain build of the forwarder is an ordinary program, of which none of this is true.
private let isPlain = ProcessInfo.processInfo.environment["FASTDAEMON_PLAIN_CLIENT"] == "1"

@Suite("The forwarder as a file", .disabled(if: isPlain, "FASTDAEMON_PLAIN_CLIENT=1"))
struct BinaryTests {
    private let folder = try! TemporaryFolder()

    @Test("it loads nothing: no interpreter, no shared library")
    func isStatic() throws {
        let file = try Data(contentsOf: URL(filePath: builtProgram("fastdaemon_client")))
        let kinds = programHeaderKinds(of: file)
        let (load, dynamic, interpreter): (UInt32, UInt32, UInt32) = (1, 2, 3)
        #expect(kinds.contains(load))
        #expect(!kinds.contains(dynamic))
        #expect(!kinds.contains(interpreter))
    }

    @Test("built for release, its file has less than 100,000 bytes", .enabled(if: hasMusl, "musl-dev is not installed"))
    func size() throws {
        let size = try Data(contentsOf: URL(filePath: ReleaseBuild.path("fastdaemon_client"))).count
        print("the forwarder: \(size) bytes")
        #expect(size < 100_000)
    }

    @Test("a reply of 64 MiB fits through a process of 16 MiB")
    func boundedMemory() throws {
        let server = try FakeServer(.unix(folder.file("s"))) { peer in
            let request = try peer.receiveRecord()
            try peer.send(record(manyBytes(64 << 20)))
            return request
        }
        let script = "ulimit -v 16384; exec \"$0\" --record \"$1\" x"
        let result = try run("/bin/sh", ["-c", script, builtProgram("fastdaemon_client"), server.port])
        #expect(result.status == .exited(0))
        #expect(result.output == manyBytes(64 << 20))
        #expect(try server.finish() == record("x"))
    }

    @Test(
        "a short command takes eleven system calls with musl, two of them the start of the C library",
        .enabled(if: isInstalled("strace"), "strace is not installed"),
        .enabled(if: hasMusl, "musl-dev is not installed"))
    func systemCalls() throws {
        let server = try FakeServer(.unix(folder.file("s"))) { peer in
            let request = try peer.receiveRecord()
            try peer.send(record("hi\n"))
            return request
        }
        let program = builtProgram("fastdaemon_client")
        let trace = folder.file("trace")
        let result = try run("/usr/bin/env", ["strace", "-o", trace, program, "--record", server.port, "echo", "hi"])
        #expect(result.outputText == "hi\n")
        _ = try server.finish()
        #expect(
            try callsAfterTheStart(trace, from: "ioctl") == [
                "ioctl", "read", "socket", "connect", "sendmsg", "recvfrom", "write", "close", "exit_group",
            ])
    }

    @Test(
        "a session of a short command takes one more for each fact of its caller, and for each signal",
        .enabled(if: isInstalled("strace"), "strace is not installed"),
        .enabled(if: hasMusl, "musl-dev is not installed"))
    func systemCallsOfSession() throws {
        let server = try FakeServer(.unix(folder.file("s"))) { peer in
            _ = try peer.receiveRequest()
            try peer.send(.hello(), .output("hi\n"), .end())
            return []
        }
        let program = builtProgram("fastdaemon_client")
        let trace = folder.file("trace")
        let result = try run("/usr/bin/env", ["strace", "-o", trace, program, server.port, "echo", "hi"])
        #expect(result.outputText == "hi\n")
        _ = try server.finish()
        // The rt_sigprocmask is musl's, before the first handler of a signal.
        #expect(
            try callsAfterTheStart(trace, from: "getcwd") == [
                "getcwd", "ioctl", "ioctl", "ioctl", "socket", "connect", "sendmsg", "rt_sigprocmask", "rt_sigaction",
                "rt_sigaction", "rt_sigaction", "rt_sigaction", "recvfrom", "write", "close", "exit_group",
            ])
    }

    /// The calls of a trace from the first `name` on, before which the C library starts.
    private func callsAfterTheStart(_ trace: String, from name: Substring) throws -> [Substring] {
        let lines = try String(contentsOfFile: trace, encoding: .utf8).split(separator: "\n")
        let calls = lines.compactMap { $0.prefixMatch(of: /(\w+)\(/)?.output.1 }
        #expect(calls.prefix { $0 != name }.count <= 3)
        return Array(calls.drop { $0 != name })
    }

    @Test("64 MiB go both ways through a session of a process of 16 MiB")
    func boundedMemoryOfSession() throws {
        let count = 64 << 20
        let server = try sessionServer(.unix(folder.file("s"))) { peer, _ in
            try peer.send(.pull(4))
            var received = 0
            while let frame = try peer.receiveFrame() {
                guard frame.type == 0x07 else { continue }
                if frame.payload.isEmpty { break }
                received += frame.payload.count
                try peer.send(Frame(0x21, frame.payload), .pull())
            }
            try peer.send(.end())
            return Array("\(received)".utf8)
        }
        let script = "ulimit -v 16384; exec \"$0\" \"$1\" x"
        let words = ["-c", script, builtProgram("fastdaemon_client"), server.port]
        let result = try run("/bin/sh", words, input: .bytes(manyBytes(count)))
        #expect(result.status == .exited(0))
        #expect(result.output == manyBytes(count))
        #expect(try server.finish() == Array("\(count)".utf8))
    }
}

private let hasMusl = ["x86_64", "aarch64"].contains {
    FileManager.default.fileExists(atPath: "/usr/lib/\($0)-linux-musl/libc.a")
}

/// The kinds of segments of a 64-bit ELF file (elf(5), `p_type`).
private func programHeaderKinds(of file: Data) -> [UInt32] {
    func number<Number: FixedWidthInteger>(_ offset: Int, as type: Number.Type) -> Number {
        file.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: type) }
    }
    let table = Int(number(32, as: UInt64.self))
    let size = Int(number(54, as: UInt16.self))
    let count = Int(number(56, as: UInt16.self))
    return (0..<count).map { number(table + $0 * size, as: UInt32.self) }
}
