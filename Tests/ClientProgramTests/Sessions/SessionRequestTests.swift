import Foundation
import TestSupport
import Testing

@Suite("What a session tells of its caller")
struct SessionRequestTests {
    private let folder = try! TemporaryFolder()

    /// Ends any session, and keeps the frames of its request.
    private func server(_ address: FakeServer.Address) throws -> FakeServer {
        try sessionServer(address) { peer, request in
            try peer.send(.end())
            return request.flatMap(\.bytes)
        }
    }

    private func frames(_ bytes: [UInt8]) -> [Frame] {
        var (frames, rest) = ([Frame](), bytes[...])
        while rest.count >= 4 {
            let count = rest.dropFirst().prefix(3).reduce(0) { $0 << 8 | Int($1) }
            frames.append(Frame(rest.first!, Array(rest.dropFirst(4).prefix(count))))
            rest = rest.dropFirst(4 + count)
        }
        return frames
    }

    private func payload(_ type: UInt8, of frames: [Frame]) -> [UInt8]? {
        frames.first { $0.type == type }?.payload
    }

    @Test("the words go as they are, then environment and directory, and no terminals")
    func request() throws {
        let server = try server(.unix(folder.file("s")))
        let words = ["echo", "", "two words", "\n", "é", "'"]
        let result = try run(
            builtProgram("fastdaemon_client"), [server.port] + words, environment: ["A": "1", "EMPTY": "", "Z": "="])
        #expect(result.status == .exited(0))
        #expect(result.errorText == "")
        let frames = frames(try server.finish())
        #expect(frames.map(\.type) == [0xFD, 0x01, 0x02, 0x03, 0x06])
        #expect(frames.first?.payload == [1, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0])
        #expect(payload(0x01, of: frames) == words.flatMap { Array($0.utf8) + [0] })
        let variables = payload(0x02, of: frames)?.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        #expect(Set(variables ?? []) == ["A=1", "EMPTY=", "Z=="])
        #expect(payload(0x02, of: frames)?.last == 0)
        #expect(payload(0x03, of: frames) == Array(FileManager.default.currentDirectoryPath.utf8))
    }

    @Test("bytes that are no UTF-8 are words, too")
    func rawBytes() throws {
        let server = try server(.unix(folder.file("s")))
        let result = try shell("exec \"$1\" \"$2\" x $'\\xff\\x01'", server)
        #expect(result.status == .exited(0))
        #expect(payload(0x01, of: frames(try server.finish())) == [0x78, 0, 0xFF, 1, 0])
    }

    @Test("without a command it is help")
    func help() throws {
        let server = try server(.unix(folder.file("s")))
        _ = try client(server.port)
        #expect(payload(0x01, of: frames(try server.finish())) == Array("help\0".utf8))
    }

    @Test("over TCP only what texts need goes along, and what --env names")
    func overTCP() throws {
        let server = try server(.tcp("127.0.0.1"))
        let environment = [
            "TERM": "t", "LANG": "l", "LC_ALL": "a", "LC_TIME": "b", "COLORTERM": "c", "NO_COLOR": "", "HOME": "/h",
            "TERMINAL": "no", "LCX": "no", "MINE": "m", "SECRET": "s", "OTHER": "o",
        ]
        let result = try run(
            builtProgram("fastdaemon_client"), ["--env", "MINE", "--env=OTHER", "--env", "UNSET", server.port, "x"],
            environment: environment)
        #expect(result.status == .exited(0))
        let frames = frames(try server.finish())
        #expect(frames.map(\.type) == [0xFD, 0x01, 0x02, 0x06])
        let variables = payload(0x02, of: frames)?.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        #expect(
            Set(variables ?? []) == [
                "TERM=t", "LANG=l", "LC_ALL=a", "LC_TIME=b", "COLORTERM=c", "NO_COLOR=", "MINE=m", "OTHER=o",
            ])
    }

    @Test("the time limit goes along in milliseconds")
    func timeout() throws {
        let server = try server(.unix(folder.file("s")))
        #expect(try client("--timeout", "70.5", server.port, "x").status == .exited(0))
        #expect(payload(0x05, of: frames(try server.finish())) == [0, 1, 0x13, 0x64])
    }

    @Test("all three streams a terminal, and its size")
    func terminal() throws {
        let server = try server(.unix(folder.file("s")))
        let terminal = try Terminal(builtProgram("fastdaemon_client"), [server.port, "x"], columns: 300, rows: 7)
        #expect(try terminal.wait() == .exited(0))
        #expect(payload(0x04, of: frames(try server.finish())) == [7, 1, 44, 0, 7])
    }

    @Test(
        "one stream a terminal", arguments: [("</dev/null >/dev/null", 4), ("2>&1 | cat", 1), ("</dev/null 2>&1", 6)])
    func oneTerminal(redirection: String, streams: UInt8) throws {
        let server = try server(.unix(folder.file("s")))
        let words = ["-c", "\"$@\" \(redirection)", "bash", builtProgram("fastdaemon_client"), server.port, "x"]
        _ = try Terminal("/bin/bash", words).wait()
        #expect(payload(0x04, of: frames(try server.finish()))?.first == streams)
    }

    @Test("an empty name of a command is status 64")
    func emptyName() throws {
        let result = try client("/nonexistent/socket", "")
        #expect(result.status == .exited(64))
        #expect(
            result.errorText == "fastdaemon_client: the name of the command is empty; see fastdaemon_client --help\n")
    }
}
