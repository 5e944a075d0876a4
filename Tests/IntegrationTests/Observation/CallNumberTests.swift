import Foundation
import TestSupport
import Testing

@Suite("A call's number", .ownThread, .timeLimit(.minutes(3))) struct CallNumberTests {
    private static let client = builtProgram("fastdaemon_client")

    @Test("is the same in the client, the log, the tail and the list of slow calls")
    func everywhere() throws {
        let daemon = try RunningDaemon(DaemonConfiguration(level: "info"))
        let socket = daemon.folder.file("socket")
        let tail = try daemon.client(socket, "daemon", "tail")
        defer { tail.send(SIGKILL) }
        try daemon.waitUntil(running: 1, of: "daemon")
        let result = try run(Self.client, ["--verbose", socket, "wait", "0.1"])
        #expect(result.status == .exited(0) && result.outputText == "waited 0.1\n")
        let words = result.errorText.split(separator: " ").map(String.init)
        #expect(result.errorText.hasPrefix("fastdaemon_client: call "))
        let seconds = result.errorText.firstMatch(of: /: status 0, (\d+(?:\.\d+)?) s/).flatMap { Double($0.1) }
        #expect(seconds.map { $0 >= 0.1 } == true, "\(result.errorText)")
        guard words.count > 2, let call = UInt64(words[2].dropLast()) else { throw TestFailure(result.errorText) }
        #expect(daemon.waitForLine { $0.contains("command=wait call=\(call) ") } != nil)
        let slow = try daemon.ask("daemon slow wait").output.split(separator: "\n").map(String.init)
        #expect(slow.count == 2 && slow[1].split(separator: " ").prefix(4).dropFirst() == ["\(call)", "wait", "0"])
        tail.send(SIGTERM)
        #expect(try tail.wait().outputText.contains(" command=wait call=\(call) "))
    }

    @Test("is told where the call failed, too, and not where there is none to tell")
    func failures() throws {
        let daemon = try RunningDaemon()
        let socket = daemon.folder.file("socket")
        let failed = try run(Self.client, ["--verbose", socket, "wait", "x"])
        #expect(failed.status == .exited(2) && failed.errorText.contains(": status 2, 0"))
        let unknown = try run(Self.client, ["--verbose", socket, "nothing"])
        #expect(unknown.status == .exited(127) && unknown.errorText.contains(": status 127, 0"))
        let record = try run(Self.client, ["--verbose", "--record", socket, "echo"])
        #expect(record.status == .exited(64) && record.errorText.contains("--verbose is for sessions"))
        #expect(try run(Self.client, [socket, "echo", "hi"]).errorText == "")
    }

    @Test("stands before the slowest calls, the slowest first")
    func slow() throws {
        let daemon = try RunningDaemon()
        let peer = try daemon.connect()
        for words in ["wait 0.05", "wait 0.2", "wait 0.1", "echo hi"] { _ = try peer.ask(words) }
        struct Slow: Decodable {
            struct Entry: Decodable {
                var command: String
                var ranSeconds: Double
                var time: String
            }
            var calls: [Entry]
        }
        let text = try peer.ask("daemon slow --json").output
        let calls = try JSONDecoder().decode(Slow.self, from: Data(text.utf8)).calls
        #expect(calls.map(\.command) == ["wait", "wait", "wait", "echo"])
        #expect(calls.map(\.ranSeconds) == calls.map(\.ranSeconds).sorted(by: >))
        #expect(calls[0].ranSeconds >= 0.2 && calls[0].time.hasSuffix("Z"))
        #expect(try peer.ask("daemon slow count").output.contains("no call"))
    }
}
