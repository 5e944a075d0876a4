import Foundation
import TestSupport
import Testing

@Suite("What the forwarder says when it cannot do its work")
struct FailureTests {
    private let folder = try! TemporaryFolder()

    private func expectLine(_ result: ProgramResult, _ status: Int32, _ text: String) {
        #expect(result.status == .exited(status))
        #expect(result.errorText == "fastdaemon_client: \(text)\n")
        #expect(result.output.isEmpty)
    }

    @Test("no socket there")
    func noSocket() throws {
        let path = folder.file("none")
        expectLine(
            try client(path, "x"), 69,
            "no daemon at \(path): No such file or directory; check the path, or start fastdaemond")
    }

    @Test("a socket that nothing listens on")
    func staleSocket() throws {
        let server = try FakeServer(.unix(folder.file("s"))) { _ in [] }
        _ = try client(server.port, "x")
        _ = try server.finish()
        expectLine(
            try client(server.port, "x"), 69,
            "no daemon at \(server.port): Connection refused; start fastdaemond")
    }

    @Test("a file that is not a socket")
    func notASocket() throws {
        expectLine(
            try client(folder.path, "x"), 69, "no daemon at \(folder.path): it is not a socket; check the path")
    }

    @Test("a socket of the other kind")
    func otherKind() throws {
        let datagrams = try FakeServer(.unixDatagram(folder.file("d"))) { peer in try peer.answerDatagram { $0 } }
        expectLine(
            try client(datagrams.port, "x"), 69,
            "no daemon at \(datagrams.port): Protocol wrong type for socket; it is a datagram socket: add --dgram")
        #expect(try client("--dgram", datagrams.port, "x").status == .exited(0))
        #expect(try datagrams.finish() == record("x"))

        let stream = try FakeServer(.unix(folder.file("s"))) { _ in [] }
        expectLine(
            try client("--dgram", stream.port, "x"), 69,
            "no daemon at \(stream.port): Protocol wrong type for socket; it is a stream socket: leave --dgram out")
        _ = try client(stream.port, "x")
        #expect(try stream.finish().isEmpty)
    }

    @Test(
        "a socket of somebody else",
        .enabled(if: geteuid() != 0, "root may connect to every socket"))
    func noPermission() throws {
        let server = try FakeServer(.unix(folder.file("s"))) { _ in [] }
        chmod(server.port, 0)
        let result = try client(server.port, "x")
        #expect(result.status == .exited(69))
        #expect(result.errorText.contains("Permission denied; its owner can let you in"))
    }

    @Test("a port that nothing listens on, TCP and UDP", arguments: [[], ["--dgram"]])
    func refused(options: [String]) throws {
        // A port that was free a moment ago: the server that had it has ended.
        let server = try FakeServer(.tcp("127.0.0.1")) { _ in [] }
        _ = try client(server.port, "x")
        _ = try server.finish()
        let result = try run(builtProgram("fastdaemon_client"), options + [server.port, "x"])
        let address = "127.0.0.1:\(server.port)" + (options.isEmpty ? "" : " (UDP)")
        expectLine(
            result, 69, "no daemon at \(address): Connection refused; check the port, or start fastdaemond")
    }

    @Test("a host that is not known")
    func unknownHost() throws {
        let result = try client("--host", "no-such-host.invalid", "9998", "x")
        #expect(result.status == .exited(69))
        #expect(
            result.errorText.hasPrefix(
                "fastdaemon_client: no daemon at no-such-host.invalid:9998: cannot find the host: "))
    }

    @Test("a path that is too long for a socket")
    func longPath() throws {
        let path = "/tmp/" + String(repeating: "x", count: 103)
        expectLine(
            try client(path, "x"), 64,
            "the path of a Unix socket has at most 107 bytes, and this one has 108: \(path); use a relative path")
    }

    @Test("ports out of range", arguments: ["0", "65536", "99999999999999999999"])
    func portOutOfRange(port: String) throws {
        expectLine(try client(port, "x"), 64, "port \(port) is not between 1 and 65535")
    }

    @Test(
        "words that are off",
        arguments: [
            ([], "a port number or the path of a socket is missing"),
            (["--"], "a port number or the path of a socket is missing"),
            (["--hosts", "9998"], "there is no option --hosts"),
            (["-x", "9998"], "there is no option -x"),
            (["--host"], "--host needs the name or address of a host"),
            (["--record", "--classic", "9998"], "--record and --classic exclude each other"),
        ])
    func badWords(words: [String], text: String) throws {
        expectLine(
            try run(builtProgram("fastdaemon_client"), words), 64, text + "; see fastdaemon_client --help")
    }

    @Test("a host for a path")
    func hostForPath() throws {
        expectLine(
            try client("--host", "localhost", "some.sock", "x"), 64,
            "a host goes with a port number, and \"some.sock\" is the path of a Unix socket")
    }

    @Test("a folder as standard input")
    func inputFails() throws {
        let result = try run(
            "/bin/sh", ["-c", "exec \"$0\" \"$@\" <.", builtProgram("fastdaemon_client"), "--record", "9", "x"])
        expectLine(result, 74, "cannot read standard input: Is a directory")
    }

    @Test("help and version go to standard output")
    func help() throws {
        for option in ["-h", "--help"] {
            let help = try client(option)
            #expect(help.status == .exited(0))
            #expect(help.outputText.hasPrefix("usage: fastdaemon_client [option ...] port "))
            #expect(help.errors.isEmpty)
        }
        let version = try client("--version")
        #expect(version.status == .exited(0))
        #expect(version.outputText.wholeMatch(of: /fastdaemon_client \d+\.\d+\.\d+\n/) != nil)
    }
}
