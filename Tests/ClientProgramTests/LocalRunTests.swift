import Foundation
import TestSupport
import Testing

@Suite("--or-exec: the words as a program of this machine")
struct LocalRunTests {
    private let folder = try! TemporaryFolder()

    /// Ways to speak with the daemon; none is a session.
    private static let forms = [[], ["--record"], ["--classic"], ["--dgram"]]

    private func client(
        _ form: [String], _ words: [String], input: ProgramInput = .bytes([]), closing: Set<Int32> = [],
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws -> ProgramResult {
        try run(
            builtProgram("fastdaemon_client"), ["--or-exec"] + form + [folder.file("none")] + words, input: input,
            closing: closing, environment: environment)
    }

    @Test("it gets its standard input whole, and its streams and status are the caller's", arguments: forms)
    func runs(form: [String]) throws {
        let input = manyBytes(300_000)
        let script = "cat; echo errors >&2; exit 42"
        let result = try client(form, ["sh", "-c", script], input: .bytes(input))
        #expect(result.output == input)
        #expect(result.errorText == "errors\n")
        #expect(result.status == .exited(42))
    }

    @Test("it gets the words, the environment and the folder as they are", arguments: forms)
    func words(form: [String]) throws {
        let words = ["", "two words", "--", "-n", "é\n*", "$HOME"]
        var environment = ProcessInfo.processInfo.environment
        environment["FASTDAEMON_TEST"] = "a=b"
        let script = #"printf '%s|' "$@"; printf '%s|' "$FASTDAEMON_TEST"; pwd"#
        let result = try client(form, ["--", "sh", "-c", script, "sh"] + words, environment: environment)
        #expect(
            result.outputText
                == (words + ["a=b", FileManager.default.currentDirectoryPath]).joined(separator: "|") + "\n")
    }

    @Test("it has no descriptor that it did not have before", arguments: forms)
    func descriptors(form: [String]) throws {
        // The same shell runs both, so that both could inherit the same.
        let script = #"ls /proc/self/fd; echo; exec "$@" ls /proc/self/fd"#
        let program = [builtProgram("fastdaemon_client"), "--or-exec"] + form + [folder.file("none")]
        let lists = try run("/bin/sh", ["-c", script, "sh"] + program).outputText.split(separator: "\n\n")
        #expect(lists.count == 2)
        #expect(lists.first.map { $0 + "\n" } == lists.last)
    }

    @Test("a link to the client that has its name is passed over, and a script needs no first line")
    func otherPrograms() throws {
        let files = FileManager.default
        for name in ["links", "scripts"] {
            try files.createDirectory(atPath: folder.file(name), withIntermediateDirectories: false)
        }
        try files.createSymbolicLink(
            atPath: folder.file("links/tool"), withDestinationPath: builtProgram("fastdaemon_client"))
        try Data("echo script: $0 $1\n".utf8).write(to: URL(filePath: folder.file("scripts/tool")))
        chmod(folder.file("scripts/tool"), 0o755)
        var environment = ProcessInfo.processInfo.environment
        environment["PATH"] = "\(folder.file("links")):\(folder.file("scripts")):" + (environment["PATH"] ?? "")
        let result = try client([], ["tool", "word"], environment: environment)
        #expect(result.outputText == "script: \(folder.file("scripts/tool")) word\n", "\(result.errorText)")
        try files.removeItem(atPath: folder.file("scripts/tool"))
        let none = try client([], ["tool"], environment: environment)
        #expect(none.status == .exited(127))
    }

    @Test("a closed standard stream is closed for it, too", arguments: forms)
    func closed(form: [String]) throws {
        let words = ["sh", "-c", "cat 2>/dev/null || echo closed"]
        #expect(try client(form, words, input: .closed).outputText == "closed\n")
    }

    @Test("a signal that the caller ignores stays ignored, and no other is", arguments: forms)
    func signals(form: [String]) throws {
        let inner = "grep -E '^Sig(Ign|Blk)' /proc/self/status"
        let script = "trap '' HUP; \"$@\""
        let words = ["sh", "-c", inner]
        let program = [builtProgram("fastdaemon_client"), "--or-exec"] + form + [folder.file("none")]
        let result = try run("/bin/sh", ["-c", script, "sh"] + program + words)
        let plain = try run("/bin/sh", ["-c", script, "sh"] + words)
        #expect(result.output == plain.output)
        // SIGHUP is the first of the signals, whose bit is the last of the number.
        #expect(result.outputText.contains(/SigIgn:\t[0-9a-f]+[13579bdf]\n/), "\(result.outputText)")
    }

    @Test("a program that is not there is status 127", arguments: forms)
    func missing(form: [String]) throws {
        let result = try client(form, ["no-such-program", "x"])
        #expect(result.status == .exited(127))
        #expect(
            result.errorText
                == "fastdaemon_client: no daemon can be reached to run no-such-program, and there is no such program here\n"
        )
    }

    @Test("a file that cannot be run is status 126")
    func notExecutable() throws {
        let file = folder.file("text")
        try Data("text".utf8).write(to: URL(filePath: file))
        let result = try client([], [file])
        #expect(result.status == .exited(126))
        #expect(
            result.errorText
                == "fastdaemon_client: no daemon can be reached to run \(file), and the program cannot be run: "
                + "Permission denied\n")
    }

    @Test(
        "a daemon that is busy, or knows no such command, is a daemon that was reached", arguments: [1, 2] as [UInt8])
    func refused(verdict: UInt8) throws {
        let server = try FakeServer(.unix(folder.file("s"))) { peer in
            _ = try peer.receiveRequest()
            try peer.send(.hello(), .end(verdict, status: 75, "not now"))
            return []
        }
        let result = try run(builtProgram("fastdaemon_client"), ["--or-exec", server.port, "echo", "run here"])
        #expect(result.status == .exited(75))
        #expect(result.output.isEmpty)
        _ = try server.finish()
    }

    @Test("a port of a host where nobody listens")
    func port() throws {
        let server = try FakeServer(.tcp("127.0.0.1")) { _ in [] }
        _ = try run(builtProgram("fastdaemon_client"), ["--record", server.port, "x"])
        _ = try server.finish()
        let result = try run(
            builtProgram("fastdaemon_client"), ["--or-exec", "--host", "127.0.0.1", server.port, "echo", "here"])
        #expect(result.outputText == "here\n")
    }

    @Test("what cannot be known beforehand is refused", arguments: ["--or-exec", "--start"])
    func udp(option: String) throws {
        let result = try run(builtProgram("fastdaemon_client"), [option, "--dgram", "9", "x"])
        #expect(result.status == .exited(64))
        #expect(result.errorText.contains("--start and --or-exec cannot tell whether a daemon is there over UDP"))
    }

    @Test("a daemon is started on this machine only")
    func otherMachine() throws {
        let result = try run(builtProgram("fastdaemon_client"), ["--start", "--host", "192.0.2.1", "9", "x"])
        #expect(result.status == .exited(64))
        #expect(result.errorText.contains("--start is for a daemon on this machine, not at 192.0.2.1:9"))
    }
}
