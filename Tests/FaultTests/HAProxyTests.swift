import Foundation
import TestSupport
import Testing

/// Three daemons behind the real HAProxy, as config/examples/haproxy.cfg has it.
@Suite(
    "Faults: several daemons behind HAProxy", .serialized, .ownThread, .timeLimit(.minutes(2)),
    .enabled(if: isInstalled("haproxy"), "haproxy is not installed"))
struct HAProxyTests {
    private static let example = URL(filePath: #filePath).appending(path: "../../../config/examples/haproxy.cfg")
        .standardized.path

    @Test("HAProxy takes the example as it is")
    func example() throws {
        let result = try run("/usr/bin/env", ["haproxy", "-c", "-f", Self.example])
        #expect(result.status == .exited(0), "\(result.errorText)")
    }

    @Test(
        "One daemon is reloaded, one killed, one drained and stopped: no call fails but those in flight on the killed one"
    )
    func threeDaemons() throws {
        let daemons = try (0..<3).map { _ in
            try RunningDaemon(
                DaemonConfiguration(listen: [#"{ "unix": "socket" }"#, #"{ "tcp": "127.0.0.1:0" }"#]))
        }
        let proxy = try Proxy(Self.example, before: daemons)
        try proxy.wait(until: "all are up") { $0.allSatisfy(\.isUp) }

        // One call a connection: what is in flight is known, and each may go to another daemon.
        let clients = 4
        let front = proxy.front
        func load() -> Load { Load(clients: clients, callsPerConnection: 1) { try RawPeer(unix: front) } }
        let reloading = load()
        for round in 0..<5 {
            let configuration = DaemonConfiguration(
                listen: [#"{ "unix": "socket" }"#, #"{ "tcp": "127.0.0.1:0" }"#],
                limits: ["commands": Double(30 + round)])
            #expect(try daemons[1].reload(configuration).isTakenUp)
            try reloading.waitForCalls(reloading.calls + 100)
        }
        let reloaded = reloading.stop()
        #expect(reloaded.failures == [])
        #expect(try proxy.servers().allSatisfy { $0.connections > 0 }, "not all of them had work")

        let killing = load()
        try killing.waitForCalls(100)
        daemons[0].send(SIGKILL)
        try proxy.wait(until: "the killed one is down") { !$0[0].isUp }
        try killing.waitForCalls(killing.calls + 100)
        let killed = killing.stop()
        #expect(killed.failed <= clients, "\(killed.failures)")

        let draining = load()
        try proxy.drain(2)
        try proxy.wait(until: "the drained one has no connection") { $0[2].current == 0 }
        #expect(try daemons[2].stop().status == .exited(0))
        try draining.waitForCalls(draining.calls + 100)
        let drained = draining.stop()
        print(
            "HAProxy: \(reloaded.calls) calls while one reloaded, \(killed.calls) while one was killed "
                + "(\(killed.failed) in flight failed), \(drained.calls) while one was drained and stopped")
        #expect(drained.failures == [])
    }
}

extension HAProxyTests {
    @Test("A daemon that takes connections and does not answer is left out, and comes back when it answers")
    func hung() throws {
        let daemons = try (0..<3).map { _ in
            try RunningDaemon(
                DaemonConfiguration(listen: [#"{ "unix": "socket" }"#, #"{ "tcp": "127.0.0.1:0" }"#]))
        }
        let proxy = try Proxy(Self.example, before: daemons)
        try proxy.wait(until: "all are up") { $0.allSatisfy(\.isUp) }
        daemons[0].send(SIGSTOP)
        defer { daemons[0].send(SIGCONT) }
        try proxy.wait(until: "the hung one is down") { !$0[0].isUp }
        let front = proxy.front
        let load = Load(clients: 4, callsPerConnection: 1) { try RawPeer(unix: front) }
        try load.waitForCalls(200)
        #expect(load.stop().failures == [])
        #expect(try proxy.servers()[1...].allSatisfy { $0.connections > 0 }, "the others had no work")
        daemons[0].send(SIGCONT)
        try proxy.wait(until: "it is up again") { $0[0].isUp }
    }
}

/// HAProxy, running on the example with the test's addresses in the place of its own.
///
/// `@unchecked Sendable`: the program is touched at the beginning and the end alone.
private final class Proxy: @unchecked Sendable {
    /// One line of what HAProxy says of its servers.
    struct Server {
        let isUp: Bool
        let current: Int
        let connections: Int
    }

    private let folder: TemporaryFolder
    private let program: RunningProgram

    init(_ example: String, before daemons: [RunningDaemon]) throws {
        folder = try TemporaryFolder()
        var text = try String(contentsOfFile: example, encoding: .utf8)
        func replace(_ old: String, with new: String) throws {
            guard text.contains(old) else { throw TestFailure("the example has no \(old)") }
            text = text.replacingOccurrences(of: old, with: new)
        }
        try replace("    user haproxy\n    group haproxy\n", with: "")
        try replace("stats socket /run/haproxy/admin.sock", with: "stats socket \(folder.file("admin"))")
        try replace("bind 127.0.0.1:9990", with: "bind unix@\(folder.file("front"))")
        for (index, daemon) in daemons.enumerated() {
            try replace("127.0.0.1:900\(index + 1)\n", with: "127.0.0.1:\(try daemon.port(of: "tcp"))\n")
        }
        let file = folder.file("haproxy.cfg")
        try Data(text.utf8).write(to: URL(filePath: file))
        program = try RunningProgram("/usr/bin/env", ["haproxy", "-db", "-f", file])
    }

    deinit { program.send(SIGKILL) }

    /// Where clients connect.
    var front: String { folder.file("front") }

    /// Tells HAProxy something, and returns what it answers.
    @discardableResult
    private func tell(_ line: String) throws -> String {
        let peer = try RawPeer(unix: folder.file("admin"))
        try peer.send(Array("\(line)\n".utf8))
        return String(decoding: try peer.receiveToEnd(), as: UTF8.self)
    }

    func drain(_ index: Int) throws {
        try tell("set server fastdaemon/\(["one", "two", "three"][index]) state drain")
    }

    /// The servers of the backend, in order.
    func servers() throws -> [Server] {
        let lines = try tell("show stat").split(separator: "\n").map {
            $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        guard let names = lines.first, let status = names.firstIndex(of: "status"),
            let current = names.firstIndex(of: "scur"), let total = names.firstIndex(of: "stot")
        else { throw TestFailure("HAProxy does not say how its servers are") }
        return lines.filter { $0[0] == "fastdaemon" && $0[1] != "BACKEND" }.map { fields in
            Server(
                isUp: fields[status].hasPrefix("UP"), current: Int(fields[current]) ?? -1,
                connections: Int(fields[total]) ?? -1)
        }
    }

    func wait(until what: String, _ holds: ([Server]) -> Bool) throws {
        let watch = Stopwatch()
        while true {
            if let servers = try? servers(), servers.count == 3, holds(servers) { return }
            guard watch.seconds < 10 else { throw TestFailure("not within 10 s: \(what)") }
            usleep(5000)
        }
    }
}
