import Foundation
import TestSupport
import Testing

/// Both ways in which a daemon meets its config.
private let ways = [["--check"], []]

@Suite("Configs", .ownThread, .timeLimit(.minutes(3))) struct ConfigurationTests {
    private func problems(of text: String, _ words: [String] = ["--check"]) throws -> [String] {
        let folder = try DaemonFolder()
        try folder.write(text)
        let result = try run(builtProgram("fastdaemond"), ["--config", folder.configuration] + words, seconds: 20)
        #expect(result.status == .exited(78))
        #expect(result.outputText == "")
        let start = "fastdaemond: \(folder.configuration): "
        return result.errorText.split(separator: "\n").map { line in
            #expect(line.hasPrefix(start))
            return String(line.dropFirst(start.count))
        }
    }

    @Test("A missing config is an error that names it", arguments: ways)
    func missing(words: [String]) throws {
        let folder = try TemporaryFolder()
        let result = try run(builtProgram("fastdaemond"), ["--config", folder.file("none.json")] + words)
        #expect(result.status == .exited(78))
        #expect(result.errorText.contains("cannot open \(folder.file("none.json")): No such file or directory"))
        #expect(result.errorText.split(separator: "\n").count == 1)
    }

    @Test("Where no config is named and none is found, the places are listed")
    func nowhere() throws {
        let folder = try TemporaryFolder()
        let result = try run(
            "/usr/bin/env", ["--chdir", folder.path, builtProgram("fastdaemond")],
            environment: ["XDG_CONFIG_HOME": folder.path, "PATH": "/usr/bin:/bin"])
        #expect(result.status == .exited(78))
        #expect(
            result.errorText.contains(
                "config/fastdaemon.json, \(folder.path)/fastdaemon/fastdaemon.json, /etc/fastdaemon/fastdaemon.json"))
    }

    @Test("The variable FASTDAEMON_CONFIG names the config")
    func variable() throws {
        let folder = try DaemonFolder()
        try folder.write(DaemonConfiguration().text)
        let result = try run(
            builtProgram("fastdaemond"), ["--check"], environment: ["FASTDAEMON_CONFIG": folder.configuration])
        #expect(result.status == .exited(0))
        #expect(result.outputText.hasPrefix("\(folder.configuration):\n"))
    }

    @Test("A config that is not UTF-8 is an error that says where")
    func notUTF8() throws {
        let folder = try DaemonFolder()
        // In a text, and in a key.
        for (start, bytes, end) in [("\"", [0xE9], "\""), ("", [0xE0, 0x80], "")] as [(String, [UInt8], String)] {
            try Data(Array("{\n  \(start)".utf8) + bytes + Array("\(end): 1 }".utf8)).write(
                to: URL(filePath: folder.configuration))
            let result = try folder.runDaemon("--check")
            #expect(result.status == .exited(78))
            #expect(result.errorText.hasSuffix("line 2: there are bytes that are not UTF-8\n"))
        }
    }

    @Test("A config that is empty, or not JSON, is an error that says so", arguments: ways)
    func notJSON(words: [String]) throws {
        for text in ["listen: socket", #"{ "listen": [ }"#, "\u{FEFF}", "{ \"listen\": \"\u{0}\" "] {
            let problems = try problems(of: text, words)
            #expect(problems.count == 1, "\(text.debugDescription): \(problems)")
            #expect(problems.first?.hasPrefix("not JSON: ") == true, "\(text.debugDescription): \(problems)")
        }
        for text in ["", "  \n"] {
            #expect(try problems(of: text, words).map { $0.hasSuffix("the file is empty") } == [true])
        }
        #expect(try problems(of: "[]", words) == ["expected an object in braces, found an array"])
    }

    @Test("Every problem of a config has a line of its own, with its place and what was expected", arguments: ways)
    func everyProblem(words: [String]) throws {
        let problems = try problems(
            of: """
                {
                  "listne": [],
                  "listen": [ { "unix": 7 }, { "tcp": "127.0.0.1" }, { "udp": "0.0.0.0:1" }, { "unix": "s", "mode": "0999" }, {},
                              { "unix": "s", "protcol": "classic" }, { "unix": "s", "protocol": "modern" },
                              { "unix": "s", "allowUsers": [ "nobody-of-that-name", true ] }, { "tcp": "127.0.0.1:1", "mode": "0600" },
                              { "unix": "\(String(repeating: "long", count: 40))" }, { "unix": "s", "tcp": "127.0.0.1:1" } ],
                  "pluginDirectory": [],
                  "plugins": [ {}, { "library": "a.so", "concurrency": 0 }, { "library": "a.so", "execution": "fast" },
                               { "library": "a.so", "name": "two words" }, { "library": "a.so", "options": 3 },
                               { "library": "a.so", "commands": [ "echo" ] }, "a.so" ],
                  "limits": { "conections": 5, "connections": -1, "recordBytes": "many", "idleSeconds": 0, "drainSeconds": 1e9 },
                  "log": { "level": "loud", "format": 1 },
                }
                """, words)
        let expected = [
            "listne: there is no such key; did you mean 'listen'?",
            #"listen[0].unix: expected a text that is not empty, found the number 7"#,
            #"listen[1].tcp: cannot use the address "127.0.0.1": it is not HOST:PORT, as in 127.0.0.1:9998"#,
            #"listen[2]: 0.0.0.0:1 can be reached from other machines, and the protocol has no authentication"#,
            #"listen[3].mode: expected permissions as an octal text from "0000" to "0777", found "0999""#,
            "listen[4]: expected one of unix, tcp, unixDatagram, udp and systemd, found none",
            "listen[5].protcol: there is no such key; did you mean 'protocol'?",
            #"listen[6].protocol: expected one of "standard", "classic", found the text "modern""#,
            #"listen[7].allowUsers[0]: there is no user "nobody-of-that-name" on this machine"#,
            "listen[7].allowUsers[1]: expected a user's name or number, found true",
            "listen[8].mode: is for Unix sockets",
            "listen[9].unix: cannot use the socket path",
            "listen[10]: expected one of unix, tcp, unixDatagram, udp and systemd, found 2",
            "pluginDirectory: expected a text that is not empty, found an array",
            "plugins[0].library: is missing",
            "plugins[1].concurrency: expected a whole number from 1 to 10000, found the number 0",
            #"plugins[2].execution: expected one of "inline", "concurrent", "process", found the text "fast""#,
            #"plugins[3].name: "two words" cannot be a name: it has a space"#,
            "plugins[4].options: expected an object, found the number 3",
            #"plugins[5].commands: expected an object such as { "say": "echo" }, found an array"#,
            #"plugins[6]: expected an object in braces, found the text "a.so""#,
            "limits.conections: there is no such key; did you mean 'connections'?",
            "limits.connections: expected a whole number from 1 to 1000000, found the number -1",
            #"limits.recordBytes: expected a whole number from 64 to 1073741824, found the text "many""#,
            "limits.idleSeconds: expected a number of seconds from 0.01 to 31536000, found the number 0",
            "limits.drainSeconds: expected a number of seconds from 0 to 86400, found the number 1000000000",
            #"log.level: expected one of "error", "warning", "notice", "info", "debug", found the text "loud""#,
            #"log.format: expected one of "text", "json", found the number 1"#,
        ]
        for line in expected {
            #expect(problems.contains { $0.hasPrefix(line) }, "\(line) is not in:\n\(problems.joined(separator: "\n"))")
        }
        #expect(problems.count == expected.count, "\(problems.joined(separator: "\n"))")
    }

    @Test("What must be there and is not is named, each on a line of its own")
    func lacking() throws {
        let problems = try problems(of: "{}")
        #expect(problems.map { $0.prefix { $0 != ":" } } == ["listen", "pluginDirectory"])
        #expect(
            try self.problems(of: #"{ "listen": [], "pluginDirectory": "plugins" }"#).first?.hasPrefix(
                "listen: is empty") == true)
    }

    @Test("Comments and a comma after the last entry are allowed, and the shipped config is a good one")
    func shipped() throws {
        let folder = try DaemonFolder()
        let shipped = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "config/fastdaemon.json")
        try folder.write(String(contentsOf: shipped, encoding: .utf8))
        let result = try folder.runDaemon("--check")
        #expect(result.errorText == "")
        #expect(result.status == .exited(0))
        #expect(result.outputText.contains("\(folder.file("fastdaemon.sock"))"))
    }

    @Test("--check prints what would be served, and opens no socket")
    func check() throws {
        let folder = try DaemonFolder()
        try folder.write(DaemonConfiguration().text)
        let result = try folder.runDaemon("--check")
        #expect(result.status == .exited(0))
        #expect(result.errorText == "")
        for line in [
            "echo    1.0      echo     inline      \(folder.library("libEcho.so"))",
            "wait    1.0      wait     concurrent",
        ] {
            #expect(result.outputText.contains("\n\(line)"), "\(result.outputText)")
        }
        #expect(!FileManager.default.fileExists(atPath: folder.file("socket")))
    }

    @Test("A config that others may write to, or a folder above it, is refused with the command that mends it")
    func writableByOthers() throws {
        let folder = try DaemonFolder()
        try folder.write(DaemonConfiguration().text)
        chmod(folder.configuration, 0o666)
        let first = try folder.runDaemon()
        #expect(first.status == .exited(78))
        #expect(first.errorText.contains("mend it with: chmod go-w \(folder.configuration)\n"), "\(first.errorText)")
        chmod(folder.configuration, 0o644)
        chmod(folder.path, 0o777)
        let second = try folder.runDaemon()
        #expect(second.status == .exited(78))
        #expect(second.errorText.contains("mend it with: chmod go-w \(folder.path)\n"), "\(second.errorText)")
    }

    @Test(
        "Words that the daemon does not know are refused with status 64", arguments: ["--chekc", "surplus", "--config"])
    func badWords(word: String) throws {
        let result = try run(builtProgram("fastdaemond"), [word])
        #expect(result.status == .exited(64))
        #expect(result.errorText.hasSuffix("fastdaemond: try: fastdaemond --help\n"))
    }
}
