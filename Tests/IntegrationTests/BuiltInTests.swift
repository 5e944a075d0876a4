import FoundationEssentials
import TestSupport
import Testing

@Suite("What the daemon answers itself", .ownThread, .timeLimit(.minutes(3))) struct BuiltInTests {
    @Test("help lists every command with its summary, and help COMMAND explains one")
    func help() throws {
        let daemon = try RunningDaemon()
        let peer = try daemon.connect()
        let list = try peer.ask("help")
        #expect(list.errors == "")
        for line in [
            "  count   counts the lines, words and bytes of its input or of files",
            "  daemon  tells about the daemon itself",
            "  echo    prints its words, or copies its input", "  help    lists the commands, or explains one",
            "  wait    waits some seconds",
        ] {
            #expect(list.output.split(separator: "\n").contains { $0 == line }, "\(line) is not in \(list.output)")
        }
        #expect(try peer.ask("help wait").output.hasPrefix("wait - waits some seconds\n\nwait [SECONDS]\n"))
        #expect(try peer.ask("help wiat").errors.contains("did you mean 'wait'?"))
    }

    @Test("daemon status --json tells what was served and what runs")
    func status() throws {
        let daemon = try RunningDaemon()
        let peer = try daemon.connect()
        #expect(try peer.ask("echo hi") == Reply("hi\n"))
        #expect(try peer.ask("count", input: "12345").output.hasSuffix("5\n"))
        #expect(try peer.ask("wait never").errors.contains("no number of seconds"))
        try peer.send("wait 20")
        let other = try daemon.connect()
        var status = try daemon.status(other)
        while status.commands.first(where: { $0.name == "wait" })?.running != 1 { status = try daemon.status(other) }
        #expect(status.process == daemon.process)
        #expect(status.connections == 2)
        #expect(status.uptimeSeconds > 0 && status.uptimeSeconds < 60)
        #expect(status.residentBytes > 1 << 20)
        let commands = Dictionary(uniqueKeysWithValues: status.commands.map { ($0.name, $0) })
        #expect(commands.keys.sorted() == ["count", "daemon", "echo", "help", "wait"])
        #expect(commands["echo"]?.execution == "inline")
        #expect(commands["wait"]?.execution == "concurrent")
        #expect(commands["echo"]?.totals.calls == 1)
        #expect(commands["echo"]?.totals.bytesOut == 3)
        #expect(commands["count"]?.totals.bytesIn == 5)
        #expect(commands["wait"]?.totals.calls == 1)
        #expect(commands["wait"]?.totals.failures == 1)
        peer.hangUp()
        #expect(try daemon.stop().status == .exited(0))
    }

    private struct Plugins: Decodable {
        struct Entry: Decodable {
            var name: String
            var version: String
            var library: String
            var commands: [String]
            var limit: Int
        }
        var plugins: [Entry]
    }

    @Test("daemon plugins --json tells of each plugin")
    func plugins() throws {
        let daemon = try RunningDaemon()
        let text = try daemon.ask("daemon plugins --json").output
        let plugins = try JSONDecoder().decode(Plugins.self, from: Data(text.utf8)).plugins
        #expect(plugins.map(\.name) == ["echo", "wait", "count"])
        #expect(plugins.map(\.commands) == [["echo"], ["wait"], ["count"]])
        #expect(plugins.map(\.limit) == [16, 16, 16])
        #expect(plugins[0].library == daemon.folder.library("libEcho.so"))
    }

    @Test("daemon status and daemon plugins are tables for people")
    func tables() throws {
        let daemon = try RunningDaemon()
        let peer = try daemon.connect()
        let status = try peer.ask("daemon status").output.split(separator: "\n").map(String.init)
        #expect(status[0].hasPrefix("fastdaemond "))
        #expect(status[0].firstMatch(of: /process (\d+), up \d+s/)?.1 == "\(daemon.process)", "\(status[0])")
        #expect(status.contains { $0.hasPrefix("command") })
        #expect(status.contains { $0.hasPrefix("echo     inline") })
        let plugins = try peer.ask("daemon plugins").output.split(separator: "\n").map(String.init)
        #expect(plugins.contains { $0.hasPrefix("count") && $0.hasSuffix(" count") })
    }

    @Test("A word that daemon does not know is an error with a near one")
    func unknownWord() throws {
        let daemon = try RunningDaemon()
        let peer = try daemon.connect()
        #expect(try peer.ask("daemon stauts").errors.contains("did you mean 'status'?"))
        #expect(try peer.ask("daemon status --jsn").errors.contains("'--jsn'"))
        #expect(try peer.ask("daemon").errors.contains("usage: daemon status [--json]"))
    }
}
