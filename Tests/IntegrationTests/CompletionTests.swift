import Foundation
import TestSupport
import Testing

/// The completions in the shells that they are for, which ask a real daemon.
@Suite("Completion", .ownThread, .timeLimit(.minutes(3))) struct CompletionTests {
    private static let completions = URL(filePath: #filePath).appending(
        path: "../../../Sources/fastdaemon_client/completions"
    ).standardized.path

    private let daemon: RunningDaemon

    init() throws {
        let folder = try DaemonFolder()
        try Data().write(to: URL(filePath: folder.file("notes.txt")))
        daemon = try RunningDaemon(
            DaemonConfiguration(listen: [#"{ "unix": "socket" }"#, #"{ "unix": "my other socket" }"#]), in: folder)
    }

    /// What a person types on a line, tabs included, and what the command that stands there then writes.
    ///
    /// Where the completion failed, the next words stand where they make no sense, or another command.
    private static let typed: [(line: String, output: String)] = [
        ("socket ec\tone two", "one two"),
        ("--rec\tsocket ec\tone two", "one two"),
        ("--time\t5 socket -- ec\tthree", "three"),
        ("--start --or-exec socket ec\tfour", "four"),
        ("soc\tec\tfive", "five"),
        ("my\tec\tsix", "six"),
        ("$HOME/socket ec\tseven", "seven"),
        ("~/socket ec\teight", "eight"),
        ("--env FASTDAEMON_TE\tsocket echo nine", "nine"),
        ("socket echo notes\tten", "notes.txt ten"),
        ("socket echo --rec\televen", "--receleven"),
        ("socket daemon pin\t", "pong"),
        ("socket -- daemon pin\t", "pong"),
        ("socket daemon slow wai\t--json | tail -n 1", "}"),
        ("socket hel\tec\t| head -n 1", "echo - prints its words, or copies its input"),
    ]

    private var environment: [String: String] {
        ProcessInfo.processInfo.environment.merging([
            "HOME": daemon.folder.path, "PATH": productsFolder.path + ":/usr/bin:/bin", "TERM": "dumb", "PS1": "> ",
            "FASTDAEMON_TEST": "1", "FASTDAEMON_CONFIG": daemon.folder.configuration,
        ]) { $1 }
    }

    /// Types the lines in a shell, and expects each output on a line of its own.
    private func type(in shell: [String], after setUp: [String]) throws {
        let terminal = try Terminal("/usr/bin/env", shell, columns: 200, environment: environment)
        // The marks are put together by the shell, so that what is typed does not look like what is printed.
        for (number, line) in (["cd ~"] + setUp).enumerated() {
            try terminal.type(line + "; echo 'set''up' \(number)\n")
            try terminal.wait(for: "setup \(number)")
        }
        for (number, (line, output)) in Self.typed.enumerated() {
            try terminal.type("fastdaemon_client \(line)\n")
            try terminal.type("echo 'do''ne' \(number)\n")
            try terminal.wait(for: "done \(number)")
            #expect(terminal.shown.contains("\n\(output)\r"), "\(shell[0]): \(line)\n\(terminal.shown)")
        }
        try terminal.type("exit\n")
        _ = try terminal.wait()
    }

    @Test("bash")
    func bash() throws {
        try type(
            in: ["bash", "--norc", "--noprofile", "-i"],
            after: ["bind 'set enable-bracketed-paste off'", "source \(Self.completions)/fastdaemon_client.bash"])
    }

    @Test("zsh", .enabled(if: isInstalled("zsh"), "zsh is not installed"))
    func zsh() throws {
        try type(
            in: ["zsh", "-f", "-i"],
            after: ["fpath=(\(Self.completions) $fpath)", "autoload -U compinit", "compinit -u -D"])
    }

    /// fish tells what it would complete, so it needs no terminal.
    @Test(
        "fish", .enabled(if: isInstalled("fish"), "fish is not installed"),
        arguments: [
            ("socket ec", ["echo\tprints its words, or copies its input"]),
            ("--timeout 5 socket -- ec", ["echo\tprints its words, or copies its input"]),
            ("--host=localhost --dgram 9 ec", []),
            ("--rec", ["--record\tSend a record"]),
            ("$HOME/socket ec", ["echo\tprints its words, or copies its input"]),
            ("~/socket ec", ["echo\tprints its words, or copies its input"]),
            ("'my other socket' ec", ["echo\tprints its words, or copies its input"]),
            ("my", ["my other socket"]),
            ("--env FASTDAEMON_TE", ["FASTDAEMON_TEST\tLet this variable go along over TCP"]),
            ("socket echo notes", ["notes.txt"]),
            ("socket echo --rec", []),
            ("socket help ec", ["echo\tprints its words, or copies its input"]),
            ("none ec", []),
        ])
    func fish(line: String, candidates: [String]) throws {
        let script = "cd ~; source $argv[1]; complete -C \"fastdaemon_client $argv[2]\""
        let result = try run(
            "/usr/bin/env",
            ["fish", "--no-config", "-c", script, "\(Self.completions)/fastdaemon_client.fish", line],
            environment: environment)
        #expect(result.outputText.split(separator: "\n").map(String.init) == candidates, "\(result.errorText)")
    }

    @Test("each completes every option of the client")
    func options() throws {
        let help = try run(builtProgram("fastdaemon_client"), ["--help"]).outputText
        let names = Set(help.matches(of: /^ +(?:-h, )?--([a-z-]+)/.anchorsMatchLineEndings()).map { String($0.1) })
        #expect(names.count > 9)
        for file in ["fastdaemon_client.bash", "_fastdaemon_client", "fastdaemon_client.fish"] {
            let text = try String(contentsOfFile: "\(Self.completions)/\(file)", encoding: .utf8)
            for name in names {
                #expect(text.contains("--\(name)") || text.contains("-l \(name) "), "\(file): \(name)")
            }
        }
    }
}
