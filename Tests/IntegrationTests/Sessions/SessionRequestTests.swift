import Foundation
import TestSupport
import Testing

@Suite("Sessions: what the handler is told", .ownThread, .timeLimit(.minutes(3))) struct SessionRequestTests {
    @Test("Words are exact: every byte but zero, empty ones, line feeds, quotes, ten thousand of them")
    func words() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let name = Array("words".utf8)
        let lists: [[[UInt8]]] = [
            [name], [name, Array(1...255)], [name, [], [], []],
            [name, [10], Array("a b".utf8), Array("'\"\\$HOME*".utf8)],
            [name] + (1...255).map { [$0] }, [name] + (0..<10_000).map { Array("\($0)".utf8) },
            [name, .init(repeating: 0xFF, count: 300_000)],
        ]
        for words in lists {
            let outcome = try daemon.run(RawRequest(words: words))
            #expect(outcome.output == words.flatMap { $0 + [0] })
            #expect(outcome.end.status == 0)
        }
    }

    @Test("The environment is the call's, and empty where none was sent")
    func environment() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let strings = ["HOME=/somewhere", "EMPTY=", "EQUAL=a=b", "LINES=a\nb", "HOMER=no"]
        func value(_ name: String, _ environment: [String]?) throws -> String {
            try daemon.run(RawRequest("env", name).with(\.environment, environment)).summary
        }
        #expect(try value("HOME", strings) == "/somewhere\n||completed 0")
        #expect(try value("EMPTY", strings) == "\n||completed 0")
        #expect(try value("EQUAL", strings) == "a=b\n||completed 0")
        #expect(try value("LINES", strings) == "a\nb\n||completed 0")
        // The daemon has a PATH; the caller has none.
        #expect(try value("PATH", strings) == "||completed 1")
        #expect(try value("PATH", []) == "||completed 1")
        #expect(try value("PATH", nil) == "||completed 1")
        let many = (0..<3000).map { "NAME\($0)=\($0)" }
        #expect(try value("NAME2999", many) == "2999\n||completed 0")
        #expect(try daemon.ask("env PATH") == Reply(""))
    }

    @Test("A relative path is the caller's, on the pool, from the loop, and in what the loop hands to the pool")
    func directory() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let folder = try TemporaryFolder()
        try Data("here\n".utf8).write(to: URL(filePath: folder.file("note")))
        for command in ["show", "pool", "openat"] {
            let there = RawRequest(command, "note").with(\.directory, folder.path)
            #expect(try daemon.run(there).summary == "here\n||completed 0", "\(command)")
            #expect(try daemon.run(command, "note").end.status == 1, "without a directory: \(command)")
        }
        let facts = try daemon.run(RawRequest("inspect").with(\.directory, folder.path)).outputText
        for line in ["directory", "getcwd", "descriptor"] {
            #expect(facts.contains("\(line)=\(folder.path)\n"), "\(facts)")
        }
        // Where it was started: this test's own directory.
        let own = FileManager.default.currentDirectoryPath
        let without = try daemon.run("inspect").outputText
        for line in ["directory=\n", "getcwd=\(own)\n", "descriptor=\(own)\n"] {
            #expect(without.contains(line), "\(without)")
        }
    }

    @Test("The longest path is entered; a directory's odd name is no matter")
    func oddDirectories() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let folder = try TemporaryFolder()
        var path = folder.path + "/a\nb 'c'"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        #expect(try daemon.run(RawRequest("exit", "0").with(\.directory, path)).end.verdict == .completed)
        // "/./././" to 4,095 bytes, the most that the kernel takes.
        path = folder.path
        while path.utf8.count < 4094 { path += "/." }
        path += String(repeating: "/", count: 4095 - path.utf8.count)
        #expect(path.utf8.count == 4095)
        #expect(try daemon.run(RawRequest("exit", "0").with(\.directory, path)).end.verdict == .completed)
    }

    @Test("Which streams are terminals, and of which size")
    func terminals() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        func lines(_ terminals: Frame?) throws -> [Substring] {
            let text = try daemon.run(RawRequest("inspect").with(\.terminals, terminals)).outputText
            return text.split(separator: "\n").filter { $0.hasPrefix("terminal") }
        }
        #expect(try lines(nil) == ["terminal0=0 0 0x0", "terminal1=0 0 0x0", "terminal2=0 0 0x0"])
        #expect(
            try lines(.terminals(7, columns: 80, rows: 24))
                == ["terminal0=0 1 80x24", "terminal1=0 1 80x24", "terminal2=0 1 80x24"])
        #expect(
            try lines(.terminals(2, columns: 65_535, rows: 1))
                == ["terminal0=0 0 0x0", "terminal1=0 1 65535x1", "terminal2=0 0 0x0"])
        // The other bits are ignored; sizes may not be known.
        #expect(
            try lines(.terminals(0xFD, columns: 0, rows: 0))
                == ["terminal0=0 1 0x0", "terminal1=0 0 0x0", "terminal2=0 1 0x0"])
    }

    @Test("Over a Unix socket the kernel vouches for the caller")
    func caller() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let facts = try daemon.run("inspect").outputText
        for line in ["transport=1", "user=\(geteuid())", "group=\(getegid())", "process=\(getpid())", "deadline=0"] {
            #expect(facts.contains("\n\(line)\n"), "\(line) is not in \(facts)")
        }
    }

    @Test("Over TCP the directory is ignored, and the environment is what was sent")
    func tcp() throws {
        let daemon = try RunningDaemon(
            forSessions: .init(listen: [#"{ "unix": "socket" }"#, #"{ "tcp": "127.0.0.1:0" }"#]))
        let port = try daemon.port(of: "tcp")
        func run(_ request: RawRequest) throws -> RawOutcome {
            let peer = RawSession(try RawPeer(tcp: port))
            try peer.send(request)
            try peer.receiveHello()
            return try peer.finish()
        }
        let own = FileManager.default.currentDirectoryPath
        for directory in ["/tmp", "/nowhere/at/all"] {
            let facts = try run(RawRequest("inspect").with(\.directory, directory).with(\.environment, ["LANG=C"]))
            #expect(facts.end.verdict == .completed)
            for line in ["transport=2", "user=-1", "getcwd=\(own)", "descriptor=\(own)", "environment=LANG=C"] {
                #expect(facts.outputText.contains("\n\(line)\n"), "\(line) is not in \(facts.outputText)")
            }
            #expect(!facts.outputText.contains("directory=\(directory)\n"), "a path of another machine")
        }
        #expect(try run(RawRequest("exit", "77")).end.status == 77)
    }
}
