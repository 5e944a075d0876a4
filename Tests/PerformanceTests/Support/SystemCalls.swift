import Foundation
import TestSupport

/// How often a daemon makes each system call, as strace(1) counts them.
struct SystemCalls: CustomStringConvertible {
    /// By name.
    let counts: [String: Int]

    /// The sum of some of them.
    subscript(names: String...) -> Int { names.reduce(0) { $0 + (counts[$1] ?? 0) } }

    /// The waits of the loops.
    var waits: Int { self["epoll_wait", "epoll_pwait", "epoll_pwait2"] }

    /// All of them.
    var total: Int { counts.values.reduce(0, +) }

    /// The most frequent first.
    var description: String {
        counts.sorted { ($0.value, $1.key) > ($1.value, $0.key) }.map { "\($0.key) \($0.value)" }
            .joined(separator: ", ")
    }

    /// Counts while `body` runs.
    init(of daemon: RunningDaemon, during body: () throws -> Void) throws {
        let output = daemon.folder.file("system-calls")
        let words = ["strace", "-f", "-c", "-U", "calls,name", "-p", "\(daemon.process)", "-o", output]
        let strace = try RunningProgram("/usr/bin/env", words)
        guard let line = strace.nextErrorLine(seconds: 10), line.contains("attached") else {
            throw TestFailure("strace cannot attach to the daemon")
        }
        try body()
        strace.send(SIGINT)
        _ = try strace.wait(seconds: 30)
        let lines = try String(contentsOfFile: output, encoding: .utf8).split(separator: "\n")
        var found: [String: Int] = [:]
        for line in lines {
            let columns = line.split(separator: " ")
            guard columns.count == 2, columns[1] != "total", let count = Int(columns[0]) else { continue }
            found[String(columns[1])] = count
        }
        guard !found.isEmpty else { throw TestFailure("strace counted nothing") }
        counts = found
    }
}
