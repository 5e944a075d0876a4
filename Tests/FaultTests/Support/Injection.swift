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
    ///
    /// - Parameter factor: How many times as far the positions go of a call that is made more than once.
    static func all(
        later factor: Int = 1, _ table: [(call: String, errors: String, positions: ClosedRange<Int>)]
    ) -> [Injection] {
        table.flatMap { row in
            let last = row.positions.upperBound
            return row.errors.split(separator: " ").flatMap { error in
                (row.positions.lowerBound...(last > 1 ? factor * last : 1)).map {
                    Injection(call: row.call, error: String(error), position: $0)
                }
            }
        }
    }
}

extension RunningDaemon {
    /// The number of the one thread that is called that.
    fileprivate func thread(named name: String) throws -> String {
        let tasks = "/proc/\(process)/task"
        let found = try FileManager.default.contentsOfDirectory(atPath: tasks).filter { thread in
            (try? String(contentsOfFile: "\(tasks)/\(thread)/comm", encoding: .utf8)) == "\(name)\n"
        }
        guard found.count == 1 else { throw TestFailure("\(found.count) threads are called \(name)") }
        return found[0]
    }
}

/// A running strace(1), which has system calls of a running daemon fail.
struct Injector {
    private let program: RunningProgram
    private let output: String

    /// Begins, and returns once the daemon is watched.
    ///
    /// - Parameter thread: The name of the one thread that is; left out, all are, and the workers that they start.
    init(_ injection: Injection, into daemon: RunningDaemon, thread: String? = nil) throws {
        output = daemon.folder.file("strace")
        let whole = ["-f", "-p", "\(daemon.process)"]
        let watched = try thread.map { ["-p", try daemon.thread(named: $0)] } ?? whole
        program = try RunningProgram("/usr/bin/env", ["strace"] + watched + ["-o", output] + injection.options)
        guard let line = program.nextErrorLine(seconds: 10), line.contains("attached") else {
            throw TestFailure("strace cannot attach to the daemon")
        }
    }

    /// Ends, by force: told to end, it waits for each thread to stop, which one that starts a process cannot while that is held.
    func finish() throws {
        program.send(SIGKILL)
        _ = try program.wait(seconds: 10)
    }

    /// Whether the call did fail.
    var hasFailed: Bool {
        get throws { try Self.hasFailed(by: output) }
    }

    /// Whether a call did fail, by what strace wrote, which it does before the program goes on.
    static func hasFailed(by output: String) throws -> Bool {
        try String(contentsOfFile: output, encoding: .utf8).contains("(INJECTED)")
    }
}
