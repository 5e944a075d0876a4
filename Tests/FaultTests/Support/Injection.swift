import Foundation
import TestSupport

/// One system call that is to fail, as strace(1) makes it.
struct Injection: CustomStringConvertible, Sendable {
    let call: String
    let error: String
    /// Which call of that name fails, of each thread: the first is 1.
    let position: Int

    var description: String { "\(call) \(position): \(error)" }

    /// The options of strace.
    var options: [String] {
        ["-e", "trace=\(call)", "-e", "inject=\(call):error=\(error):when=\(position)"]
    }

    /// Each error of each call at each position.
    static func all(_ table: [(call: String, errors: String, positions: ClosedRange<Int>)]) -> [Injection] {
        table.flatMap { row in
            row.errors.split(separator: " ").flatMap { error in
                row.positions.map { Injection(call: row.call, error: String(error), position: $0) }
            }
        }
    }
}

/// A running strace(1), which has system calls of a running daemon fail.
struct Injector {
    private let program: RunningProgram
    private let output: String

    /// Begins, and returns once all threads of the daemon are watched.
    init(_ injection: Injection, into daemon: RunningDaemon) throws {
        output = daemon.folder.file("strace")
        program = try RunningProgram(
            "/usr/bin/env", ["strace", "-f", "-p", "\(daemon.process)", "-o", output] + injection.options)
        guard let line = program.nextErrorLine(seconds: 10), line.contains("attached") else {
            throw TestFailure("strace cannot attach to the daemon")
        }
    }

    /// Ends, and tells whether the call did fail.
    func finish() throws -> Bool {
        program.send(SIGTERM)
        _ = try program.wait(seconds: 10)
        return try String(contentsOfFile: output, encoding: .utf8).contains("(INJECTED)")
    }
}
