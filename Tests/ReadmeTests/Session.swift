import Foundation
import TestSupport
import Testing

/// What somebody typed into one shell, and what each line is to print.
struct Session {
    struct Command {
        let line: String
        var shown: String
    }

    private let commands: [Command]

    init(_ block: Readme.Block) {
        var commands: [Command] = []
        for line in block.lines {
            if line.hasPrefix("$ ") {
                commands.append(Command(line: String(line.dropFirst(2)), shown: ""))
            } else if !commands.isEmpty {
                commands[commands.count - 1].shown += line + "\n"
            }
        }
        self.commands = commands
    }

    /// Types the lines into a shell that stands in `folder`, and compares what each prints with what is shown.
    func check(in folder: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        // A byte that no command prints stands between the outputs of two.
        let script = commands.map { "printf '\\001'\n\($0.line) || echo \"exit status $?\"\n" }.joined()
        let result = try run(
            "/usr/bin/env", ["-C", folder, "bash", "-c", "exec 2>&1 </dev/null\n\(script)"],
            environment: userEnvironment,
            seconds: 900)
        let outputs = result.outputText.split(separator: "\u{1}", omittingEmptySubsequences: false).dropFirst()
        #expect(outputs.count == commands.count, "\(result)", sourceLocation: sourceLocation)
        for (command, output) in zip(commands, outputs) {
            #expect(
                matches(String(output), shown: command.shown), "\(command.line) printed:\n\(output)",
                sourceLocation: sourceLocation)
        }
    }
}

/// The environment of somebody who knows nothing of how this package is tested.
let userEnvironment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("FASTDAEMON_") }
