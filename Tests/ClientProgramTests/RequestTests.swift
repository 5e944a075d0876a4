import FastDaemonProtocol
import Foundation
import TestSupport
import Testing

@Suite("What the words and standard input become on the wire")
struct RequestTests {
    /// What a daemon gets when the forwarder is called with `options`, a port and `words`.
    private func request(
        options: [String] = ["--record"], _ words: [String], input: ProgramInput = .bytes([])
    ) throws -> [UInt8] {
        let folder = try TemporaryFolder()
        let server = try FakeServer(.unix(folder.file("s"))) { peer in
            let request = try peer.receiveRecord()
            try peer.send(record(""))
            return request
        }
        let result = try run(builtProgram("fastdaemon_client"), options + [server.port] + words, input: input)
        #expect(result.status == .exited(0))
        #expect(result.errorText == "")
        return try server.finish()
    }

    @Test("the published example travels as published")
    func publishedExample() throws {
        let input = "nbprocess_clean --stdin"
        let bytes = try request(
            options: ["--classic"], ["nbprocess_clean", "--stdin"],
            input: .bytes(Array("from fastcore.all import *".utf8)))
        #expect(
            bytes == [0, 0, 0, 0x1a] + Array("from fastcore.all import *".utf8) + [0, 0, 0, 0x17] + Array(input.utf8))
    }

    @Test("words that need no quotes travel as they are")
    func plainWords() throws {
        #expect(try request(["echo", "hello", "world"]) == record("echo hello world"))
    }

    @Test("the daemon can split the line into the same words again")
    func quotedWords() throws {
        let words = ["echo", "two words", "", "it's", "\"", "back\\slash", "new\nline", "$HOME", "é", "*"]
        let bytes = try request(words)
        #expect(bytes == record(Quoting.join(words.map { Array($0.utf8) })))
        #expect(bytes != record(words.joined(separator: " ")))
    }

    @Test("without a command the daemon's help is asked for")
    func noCommand() throws {
        #expect(try request([]) == record("help"))
        #expect(try request(["--"]) == record("help"))
    }

    @Test("everything after the port belongs to the command, but one -- right after it")
    func optionsOfTheCommand() throws {
        #expect(try request(["--", "count", "--lines"]) == record("count --lines"))
        #expect(try request(["--", "--", "x"]) == record("-- x"))
        #expect(try request(["count", "--", "--dgram", "-h"]) == record("count -- --dgram -h"))
        #expect(try request(["--classic", "x"]) == record("--classic x"))
    }

    @Test("-- ends the forwarder's own options")
    func endOfOptions() throws {
        #expect(try request(options: ["--record", "--"], ["echo"]) == record("echo"))
    }

    @Test("the classic form puts the input first and joins the words by single spaces")
    func classicForm() throws {
        let bytes = try request(options: ["--classic"], ["say", "two words", "'"], input: .bytes(Array("in\n".utf8)))
        #expect(bytes == record("in\n", "say two words '"))
    }

    @Test("standard input travels byte by byte", arguments: [0, 1, 65_535, 65_536, 65_537, 1_000_000])
    func input(count: Int) throws {
        let input = manyBytes(count)
        #expect(try request(["x"], input: .bytes(input)) == record(Array("x".utf8), input))
    }

    @Test("a file as standard input is read to its end")
    func inputFromFile() throws {
        let folder = try TemporaryFolder()
        let file = folder.file("in")
        try Data("text".utf8).write(to: URL(filePath: file))
        #expect(try request(["x"], input: .file(file)) == record("x", "text"))
    }

    @Test("closed standard input is empty, and its number is not taken for the connection's")
    func closedInput() throws {
        #expect(try request(["x"], input: .closed) == record("x"))
    }

    @Test("a terminal is not read")
    func terminal() throws {
        let terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY)
        defer { close(terminal) }
        var number: UInt32 = 0
        var unlocked: Int32 = 0
        // TIOCSPTLCK and TIOCGPTN (ioctl_tty(2)), whose macros Swift does not see.
        try #require(ioctl(terminal, 0x4004_5431, &unlocked) == 0 && ioctl(terminal, 0x8004_5430, &number) == 0)
        #expect(try request(["x"], input: .file("/dev/pts/\(number)")) == record("x"))
    }
}
