import Foundation
import TestSupport
import Testing

@Suite("The units of systemd", .enabled(if: isInstalled("systemd-analyze"), "systemd is not installed"))
struct UnitTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    /// Copies the units of a folder of `config`, with a program that is there.
    private func copy(_ source: String) throws -> [String] {
        try ["fastdaemon.service", "fastdaemon.socket"].map { name in
            let text = try String(contentsOf: repository.appending(path: "\(source)/\(name)"), encoding: .utf8)
            try text.replacing("/usr/local/bin/fastdaemond", with: builtProgram("fastdaemond"))
                .write(toFile: folder.file(name), atomically: false, encoding: .utf8)
            return folder.file(name)
        }
    }

    @Test("systemd finds nothing wrong in them", arguments: [("config", "--system"), ("config/user", "--user")])
    func verify(source: String, manager: String) throws {
        let units = try copy(source)
        let result = try run(
            "/usr/bin/env", ["systemd-analyze", manager, "--man=no", "verify"] + units,
            environment: userEnvironment.merging(["XDG_RUNTIME_DIR": folder.path]) { $1 })
        #expect(result.status == .exited(0), "\(result.errorText)")
        #expect(!result.errorText.contains(folder.path), "\(result.errorText)")
    }

    @Test(
        "a worker that the kernel ends for want of memory does not end the service",
        arguments: ["config", "config/user"])
    func memory(source: String) throws {
        let text = try String(contentsOf: repository.appending(path: "\(source)/fastdaemon.service"), encoding: .utf8)
        #expect(text.contains("\nOOMPolicy=continue\n"))
    }

    @Test("a user's own daemon sees all that its callers do")
    func nothingHidden() throws {
        let unit = repository.appending(path: "config/user/fastdaemon.service")
        let hiding = [
            "Protect", "Private", "Restrict", "Inaccessible", "ReadOnly", "TemporaryFileSystem", "Root", "Dynamic",
        ]
        let lines = try String(contentsOf: unit, encoding: .utf8).split(separator: "\n")
        #expect(lines.filter { line in hiding.contains { line.hasPrefix($0) } } == [])
    }

    @Test("the daemon of the machine is exposed to 1.5 at most")
    func security() throws {
        let unit = repository.appending(path: "config/fastdaemon.service").path
        let words = ["systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager", unit]
        let result = try run("/usr/bin/env", words)
        #expect(result.status == .exited(0), "\(result.outputText)\(result.errorText)")
        let level = try #require(result.outputText.firstMatch(of: /exposure level for .*: ([0-9.]+)/))
        #expect(try #require(Double(level.1)) <= 1.5)
    }

    @Test(
        "its filter lets through every system call of a daemon with workers that starts, works, reloads, is upgraded and stops",
        .enabled(if: isInstalled("strace"), "strace is not installed"))
    func systemCalls() throws {
        let allowed = try allowedCalls()
        #expect(allowed.count > 200)
        let used = try usedCalls()
        let expected: Set = ["epoll_wait", "accept4", "execve", "memfd_create", "prctl"]
        #expect(expected.isSubset(of: used.keys), "\(used.keys)")
        for (name, line) in used where !allowed.contains(name) { Issue.record("\(name) is not let through: \(line)") }
    }

    // MARK: - System calls

    /// What `SystemCallFilter=` of the unit lets through.
    private func allowedCalls() throws -> Set<String> {
        let text = try String(contentsOf: repository.appending(path: "config/fastdaemon.service"), encoding: .utf8)
        let names = try sets()
        func members(_ words: Substring) -> Set<String> {
            words.split(separator: " ").reduce(into: []) { calls, word in
                calls.formUnion(word.hasPrefix("@") ? expand(String(word), names) : [String(word)])
            }
        }
        // Every filter has these, whatever it says (systemd.exec(5)).
        var allowed = members("@default")
        for match in text.matches(of: /\nSystemCallFilter=(~?)(.*)/) {
            if match.1.isEmpty { allowed.formUnion(members(match.2)) } else { allowed.subtract(members(match.2)) }
        }
        return allowed
    }

    /// The sets of calls by their names, as systemd-analyze lists them.
    private func sets() throws -> [String: [String]] {
        let listing = try run("/usr/bin/env", ["systemd-analyze", "syscall-filter", "--no-pager"]).outputText
        var sets: [String: [String]] = [:]
        var name = ""
        for line in listing.split(separator: "\n") {
            if line.hasPrefix("@") {
                name = String(line)
            } else if line.hasPrefix(" "), let word = line.split(separator: " ").first, word != "#" {
                sets[name, default: []].append(String(word))
            }
        }
        return sets
    }

    private func expand(_ name: String, _ sets: [String: [String]]) -> Set<String> {
        (sets[name] ?? []).reduce(into: []) { calls, word in
            calls.formUnion(word.hasPrefix("@") ? expand(word, sets) : [word])
        }
    }

    /// What a daemon and all its processes call in a busy life, each with a line of the trace that has it.
    private func usedCalls() throws -> [String: Substring] {
        let daemons = try DaemonFolder()
        let trace = folder.file("trace")
        let configuration = DaemonConfiguration(
            listen: [
                #"{ "unix": "socket" }"#, #"{ "tcp": "127.0.0.1:0" }"#, #"{ "unixDatagram": "datagrams" }"#,
            ],
            plugins: ["Echo", #"{ "library": "libWait.so", "execution": "process" }"#, "Count"],
            others: ["watch": "true"])
        try daemons.write(configuration.text)
        let daemon = try RunningDaemon(
            startingIn: daemons, launcher: ["/usr/bin/env", "strace", "-D", "-f", "-qq", "-o", trace])
        try daemon.waitUntilReady()
        func work() throws {
            #expect(try daemon.ask("echo hi") == Reply("hi\n"))
            #expect(try daemon.ask("wait 0") == Reply("waited 0\n"))
            #expect(try RawPeer(tcp: daemon.port(of: "tcp")).ask("count -c", input: "abc") == Reply("3\n"))
            let client = try run(builtProgram("fastdaemon_client"), [daemons.file("socket"), "wait", "0"])
            #expect(client.outputText == "waited 0\n")
        }
        try work()
        daemon.send(SIGHUP)
        #expect(daemon.waitForLine { $0.contains("reloaded generation=2") } != nil)
        daemon.send(SIGUSR2)
        let begins = try #require(daemon.waitForLine { $0.contains("an upgrade begins") })
        let successor = try #require(begins.split(separator: "=").last.flatMap { pid_t($0) })
        defer { kill(successor, SIGKILL) }
        try #require(daemon.waitForLine { $0.contains("the new daemon serves") } != nil, "\(daemon.log)")
        try work()
        kill(successor, SIGTERM)
        #expect(try daemon.wait().status == .exited(0))
        return try calls(in: String(contentsOfFile: trace, encoding: .utf8))
    }

    private func calls(in trace: String) -> [String: Substring] {
        trace.split(separator: "\n").reduce(into: [:]) { calls, line in
            guard let name = line.firstMatch(of: /^\d+ +(?:<\.\.\. )?([a-z0-9_]+)[( ]/)?.1 else { return }
            // The kernel's calls are numbered up to a few hundred. A number far beyond that (0x1038 was seen, once) is nobody's
            // call but a misreading: there is nothing that a filter could keep from it.
            if name.hasPrefix("syscall_0x"), let number = Int(name.dropFirst(10), radix: 16), number >= 0x400 { return }
            calls[String(name)] = line
        }
    }
}
