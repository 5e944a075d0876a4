import Foundation
import TestSupport
import Testing

/// `Tests/Peers/session.py` was written from the page of the protocol alone.
@Suite(
    "Sessions: a client in another language", .ownThread, .timeLimit(.minutes(3)),
    .enabled(if: isInstalled("python3"), "python3 is not installed"))
struct SessionPythonTests {
    private static let script = URL(filePath: #filePath).appending(path: "../../../Peers/session.py").standardized.path

    /// Runs the script through a shell, whose `$0` is the start of its command line.
    private func shell(_ script: String, _ address: String, input: ProgramInput = .bytes([])) throws -> ProgramResult {
        var environment = ProcessInfo.processInfo.environment
        environment["MARK"] = "a mark"
        return try run(
            "/bin/sh", ["-c", "s() { python3 \(Self.script) \(address) \"$@\"; }; \(script)"], input: input,
            environment: environment, seconds: 30)
    }

    private func start(_ script: String) throws -> RunningProgram {
        try RunningProgram("/bin/sh", ["-c", "exec python3 \(Self.script) \(script)"])
    }

    @Test("Words, status, output and error, the directory and the environment")
    func simple() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let socket = daemon.folder.file("socket")
        let words = try shell(#"s words 'a b' '' "$(printf 'x\ny')""#, socket)
        #expect(words.output == Array("words\0a b\0\0x\ny\0".utf8))
        #expect(words.status == .exited(0))
        for status: Int32 in [0, 1, 42, 255] {
            #expect(try shell("s exit \(status)", socket).status == .exited(status))
        }
        let woven = try shell("s weave 4", socket)
        #expect(woven.outputText == "0\n2\n" && woven.errorText == "1\n3\n")
        #expect(try shell("s env MARK", socket).outputText == "a mark\n")
        #expect(try shell("cd /tmp && s inspect", socket).outputText.contains("getcwd=/tmp\n"))
        let unknown = try shell("s ecko", socket)
        #expect(unknown.status == .exited(127))
        #expect(unknown.errorText.contains("did you mean 'echo'?"))
        let tcp = try RunningDaemon(forSessions: DaemonConfiguration(listen: [#"{ "tcp": "127.0.0.1:0" }"#]))
        let port = try tcp.port(of: "tcp")
        #expect(try shell("s echo hi", "\(port)").outputText == "hi\n")
    }

    @Test("It eats no input that the command does not want, and is a good part of a pipeline")
    func pipelines() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let socket = daemon.folder.file("socket")
        let list = ProgramInput.bytes(Array("a\nb\nc\n".utf8))
        #expect(try shell("while read x; do s echo \"$x!\"; done", socket, input: list).outputText == "a!\nb!\nc!\n")
        #expect(try shell("s head1 > /dev/null; cat", socket, input: list).status == .exited(0))
        #expect(try shell("yes | s cat | head -c 8", socket).outputText == "y\ny\ny\ny\n")
        #expect(try shell("s flood 100000000 | head -c 4 | od -An -tx1", socket).outputText == " 00 01 02 03\n")
        #expect(try shell("head -c 3000000 /dev/zero | s cat | wc -c", socket).outputText == "3000000\n")
        #expect(try shell("s cat", socket, input: .closed).status == .exited(0))
        #expect(try shell("s weave 4 >&-", socket).errorText == "1\n3\n")
        try daemon.waitUntilIdle()
    }

    @Test(
        "Signals reach the handler, and end the client when they have ended it", arguments: [SIGINT, SIGTERM, SIGHUP])
    func signals(number: Int32) throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let client = try start("\(daemon.folder.file("socket")) hold")
        try daemon.waitForStatus("hold runs") { $0["hold"]?.running == 1 }
        client.send(number)
        let result = try client.wait(seconds: 20)
        #expect(result.status == .signalled(number))
        #expect(result.outputText == "holding\ngoodbye\n")
    }

    @Test("When it is killed, the handler is told")
    func killed() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let client = try start("\(daemon.folder.file("socket")) hold")
        try daemon.waitForStatus("hold runs") { $0["hold"]?.running == 1 }
        client.send(SIGKILL)
        #expect(try client.wait(seconds: 20).status == .signalled(SIGKILL))
        #expect(daemon.waitForLine { $0.contains("hold ends for reason 1") } != nil)
    }

    @Test("A daemon that dies under it is a lost session")
    func lost() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let client = try start("\(daemon.folder.file("socket")) hold")
        try daemon.waitForStatus("hold runs") { $0["hold"]?.running == 1 }
        daemon.send(SIGKILL)
        let result = try client.wait(seconds: 20)
        #expect(result.status == .exited(76))
        #expect(result.errorText == "session.py: the connection was lost\n")
    }
}
