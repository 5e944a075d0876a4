import Foundation
import TestSupport
import Testing

@Suite("The log", .ownThread, .timeLimit(.minutes(3))) struct LogTests {
    @Test("At level info there is one line a call: command, peer, status, times and bytes")
    func access() throws {
        let daemon = try RunningDaemon(DaemonConfiguration(limits: ["commandsPerPlugin": 1], level: "info"))
        let peer = try daemon.connect()
        let watch = Stopwatch()
        try peer.send(recordBytes("wait 0.2") + recordBytes("wait 0.1"))
        #expect(try peer.receiveReply().output == "waited 0.2\n")
        #expect(try peer.receiveReply().output == "waited 0.1\n")
        let elapsed = Int(watch.seconds * 1_000_000)
        #expect(try peer.ask("wait x", input: "12345").errors != "")
        #expect(try peer.ask("echo hello") == Reply("hello\n"))
        var lines: [String] = []
        try daemon.wait(until: "all four are there") {
            lines = daemon.log.filter { $0.contains(" info: call ") }
            return lines.count == 4
        }
        lines.sort { number("call", in: $0) < number("call", in: $1) }
        let who = "peer=\"uid \(getuid()) pid \(getpid())\""
        for line in lines { #expect(line.contains(who), "\(line)") }
        for line in lines[..<2] {
            #expect(line.contains("command=wait") && line.contains("status=0") && line.contains("bytes_out=11"))
        }
        let (queued, ran) = (number("queued_us", in: lines[1]), number("ran_us", in: lines[1]))
        #expect(number("ran_us", in: lines[0]) >= 200_000, "\(lines[0])")
        #expect(queued >= 150_000 && ran >= 100_000 && queued + ran <= elapsed, "\(lines[1]), in \(elapsed) us")
        #expect(lines[2].contains("command=wait") && lines[2].contains("status=2 ") && lines[2].contains("bytes_in=5"))
        #expect(lines[3].contains("command=echo"))
        #expect(lines[3].contains("status=0") && lines[3].contains("bytes_out=6"))
    }

    @Test("The daemon's own commands, and calls that were turned away, have their line too")
    func builtIn() throws {
        let daemon = try RunningDaemon(
            DaemonConfiguration(limits: ["commandsPerPlugin": 1, "waitingPerPlugin": 0], level: "info"))
        #expect(try daemon.ask("help").errors == "")
        let peer = try daemon.connect()
        try peer.send(recordBytes("wait 0.2") + recordBytes("wait 0.3"))
        #expect(try peer.receiveReply().output == "waited 0.2\n")
        #expect(try peer.receiveReply().errors.contains("busy"))
        #expect(try daemon.stop().status == .exited(0))
        #expect(daemon.log.contains { $0.contains(" info: call ") && $0.contains("command=help") })
        #expect(daemon.log.count { $0.contains("command=wait") } == 2)
    }

    private func number(_ name: String, in line: String) -> Int {
        line.split(separator: " ").first { $0.hasPrefix("\(name)=") }.flatMap { Int($0.dropFirst(name.count + 1)) }
            ?? -1
    }

    @Test("As JSON, every line is one object, whatever the names in it are")
    func json() throws {
        let folder = try DaemonFolder()
        let daemon = try RunningDaemon(
            DaemonConfiguration(
                plugins: ["Echo", #"{ "library": "none \"quoted\" é\\.so" }"#], level: "info", format: "json"),
            in: folder)
        _ = try daemon.ask("echo hi")
        let peer = try daemon.connect()
        try peer.send([0xFF, 0xFF, 0xFF, 0xFF])
        _ = try peer.receiveToEnd()
        #expect(try daemon.stop().status == .exited(0))
        let objects = try daemon.log.map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
        #expect(
            objects.contains { $0.message == "call" && $0.command == "echo" && $0.status == 0 && $0.bytesOut == 3 })
        #expect(objects.contains { $0.level == "error" && $0.message.contains("none \"quoted\" é\\.so") })
        #expect(objects.last?.message == "stopped")
        #expect(objects.allSatisfy { $0.time.count == 24 && $0.time.hasSuffix("Z") })
    }

    @Test("As JSON, the line that tells how many found no room is an object, too")
    func lostLines() throws {
        let folder = try DaemonFolder().with(DaemonConfiguration(level: "info", format: "json"))
        let program = try RunningProgram(builtProgram("fastdaemond"), ["--config", folder.configuration])
        defer { program.send(SIGKILL) }
        var seen = 0
        while let line = program.nextErrorLine(after: seen), !line.contains(#""message":"ready""#) { seen += 1 }
        let peer = try RawPeer(unix: folder.file("socket"))
        let (calls, batch) = (16_000, 1000)
        for _ in 0..<calls / batch {
            try peer.send((0..<batch).flatMap { _ in recordBytes("echo x") })
            #expect(try peer.receive(batch * recordBytes("x\n").count).count == batch * recordBytes("x\n").count)
        }
        // From here on it is read again. At its end the daemon waits a moment for that, and for a call as long as it takes.
        try peer.send("wait 1")
        program.send(SIGTERM)
        let lines = try program.wait().errorText.split(separator: "\n")
        let objects = try JSONDecoder().decode([Line].self, from: Data("[\(lines.joined(separator: ","))]".utf8))
        let lost = objects.filter { $0.level == "warning" && $0.message.hasSuffix(" lines of the log were lost") }
        let count = lost.compactMap { Int($0.message.prefix { $0.isNumber }) }.reduce(0, +)
        #expect(count > 0 && objects.count { $0.message == "call" } + count >= calls, "\(lost)")
    }

    private struct Line: Decodable {
        var time: String
        var level: String
        var message: String
        var command: String?
        var status: Int?
        var bytesOut: Int?

        private enum CodingKeys: String, CodingKey {
            case time, level, message, command, status
            case bytesOut = "bytes_out"
        }
    }

    @Test("Levels hold back what is below them")
    func levels() throws {
        let folder = try DaemonFolder().with(DaemonConfiguration(plugins: ["Echo", "none"], level: "error"))
        try Data().write(to: URL(filePath: folder.file("socket")))
        #expect(try folder.runDaemon().errorText.split(separator: "\n").count == 2)
        let info = try RunningDaemon(DaemonConfiguration(level: "notice"))
        _ = try info.ask("echo hi")
        #expect(try info.stop().errorText.contains("call") == false)
    }

    @Test("A daemon whose log nobody reads goes on answering")
    func unread() throws {
        let folder = try DaemonFolder().with(DaemonConfiguration(level: "info"))
        let program = try RunningProgram(builtProgram("fastdaemond"), ["--config", folder.configuration])
        defer { program.send(SIGKILL) }
        while let line = program.nextErrorLine(), !line.contains("ready") {
            guard FileManager.default.fileExists(atPath: folder.file("socket")) else { continue }
            break
        }
        let peer = try RawPeer(unix: folder.file("socket"))
        let bytes = (0..<1000).flatMap { recordBytes("echo \($0)") }
        try peer.send(bytes)
        for index in 0..<1000 { #expect(try peer.receiveReply() == Reply("\(index)\n")) }
    }

    @Test("A daemon whose log finds no room on its disk serves, reloads, and stops as ever")
    func full() throws {
        let folder = try DaemonFolder().with(DaemonConfiguration(level: "info"))
        let words = [
            "-c", #"exec "$0" "$@" 2>/dev/full"#, builtProgram("fastdaemond"), "--config", folder.configuration,
        ]
        let program = try RunningProgram("/bin/sh", words)
        defer { program.send(SIGKILL) }
        let (watch, socket) = (Stopwatch(), folder.file("socket"))
        var connected = try? RawPeer(unix: socket)
        while connected == nil, watch.seconds < 60 {
            usleep(1000)
            connected = try? RawPeer(unix: socket)
        }
        let peer = try #require(connected)
        for index in 0..<1000 { #expect(try peer.ask("echo \(index)") == Reply("\(index)\n")) }
        #expect(try peer.ask("daemon reload").output.hasSuffix("generation 2 is served now\n"))
        #expect(try peer.ask("echo on") == Reply("on\n"))
        program.send(SIGTERM)
        let result = try program.wait()
        #expect(result.status == .exited(0) && result.errors.isEmpty)
    }
}
