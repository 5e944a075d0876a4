import Foundation
import TestSupport
import Testing

@Suite(
    "Under a systemd", .ownThread, .timeLimit(.minutes(5)),
    // In a container whose root may not make namespaces, mounts and control groups there is no way to have one.
    .enabled(if: Machine.isPossible, "no systemd can be booted here, which takes a root who may make namespaces"))
struct MachineTests {
    /// A config with listeners and plugins, which are libraries, or entries of their own.
    private func configuration(
        _ listen: String..., plugins: [String] = ["libEcho.so", "libWait.so"], others: String = ""
    ) -> String {
        let plugins = plugins.map { $0.hasPrefix("{") ? $0 : #"{ "library": "\#($0)" }"# }.joined(separator: ", ")
        return """
            { "listen": [ \(listen.joined(separator: ", ")) ], "plugins": [ \(plugins) ],
              "pluginDirectory": "/usr/local/lib/fastdaemon/plugins" \(others) }
            """
    }

    private let byName = #"{ "systemd": "fastdaemon" }"#
    private let configured = "/etc/fastdaemon/fastdaemon.json"

    /// A call that takes a while, and has begun.
    private func longCall(_ machine: Machine, on socket: String = "/run/fastdaemon.sock") throws -> RawPeer {
        let caller = try machine.connect(socket)
        try caller.send("wait 1.5")
        let watch = Stopwatch()
        while try !machine.connect(socket).ask("daemon status").output.contains(" 1 running") {
            try #require(watch.seconds < 1.4, "the call has not begun, or has ended")
        }
        return caller
    }

    @Test(
        "the installation serves the first caller, reloads, names what is wrong with a config, and stops when calls have ended"
    )
    func installation() throws {
        let machine = try Machine()
        try machine.run("systemctl", "enable", "--now", "fastdaemon.socket")
        #expect(try machine.property("ActiveState") == "inactive")
        #expect(try machine.connect().ask("echo first") == Reply("first\n"))
        #expect(try machine.property("ActiveState") == "active")
        #expect(try machine.run("fastdaemon_client", "/run/fastdaemon.sock", "wait", "0") == "waited 0\n")
        #expect(try machine.run("stat", "--format=%u", "/proc/\(machine.property("MainPID"))") != "0\n")
        let log = machine.log
        #expect(!log.contains(" error: ") && !log.contains(" warning: "), "\(log)")

        let text = try String(contentsOfFile: machine.path(configured), encoding: .utf8)
        try machine.write(text.replacing(#"{ "library": "libCount.so" },"#, with: ""), to: configured)
        try machine.run("systemctl", "reload", "fastdaemon.service")
        try machine.wait(until: "StatusText") { $0.hasPrefix("2 commands of 2 plugins; ") }
        let status = try machine.run("systemctl", "status", "--no-pager", "fastdaemon.service")
        #expect(status.contains(#"Status: "2 commands of 2 plugins; "#), "\(status)")

        try machine.write("{ nonsense", to: configured)
        try machine.run("systemctl", "reload", "fastdaemon.service")
        try machine.wait(until: "StatusText") { $0.hasPrefix("a changed config was refused, the log says why; ") }
        #expect(machine.log.contains("\(configured): not JSON"))
        #expect(try machine.property("ActiveState") == "active")

        let caller = try longCall(machine)
        try machine.run("systemctl", "stop", "fastdaemon.service", "fastdaemon.socket")
        #expect(try caller.receiveReply() == Reply("waited 1.5\n"))
        #expect(machine.log.contains("signal=15 running=1"), "the call was under way")
        #expect(try machine.property("ActiveState") == "inactive")
        #expect(try machine.property("Result") == "success")
        #expect(access(machine.path("/run/fastdaemon.sock"), F_OK) != 0)
        try machine.end()
    }

    @Test(
        "several sockets are found by their names, and a daemon that had nothing to do is started again")
    func sockets() throws {
        let machine = try Machine(
            configuration: configuration(#"{ "systemd": "ports" }"#, #"{ "systemd": "others" }"#, byName))
        for (name, socket) in [
            ("others", "ListenStream=/run/others.sock"), ("ports", "ListenStream=127.0.0.1:9000"),
        ] {
            try machine.write(
                "[Socket]\n\(socket)\nFileDescriptorName=\(name)\nService=fastdaemon.service\n",
                to: "/etc/systemd/system/\(name).socket")
        }
        try machine.run("systemctl", "daemon-reload")
        try machine.run("systemctl", "start", "fastdaemon.socket", "others.socket", "ports.socket")
        #expect(try machine.connect("/run/others.sock").ask("echo others") == Reply("others\n"))
        #expect(try machine.connect().ask("echo first") == Reply("first\n"))
        #expect(try machine.run("fastdaemon_client", "9000", "echo", "port") == "port\n")

        try machine.write(configuration(byName, others: #", "idleExitSeconds": 0.3"#), to: configured)
        try machine.run("systemctl", "reload", "fastdaemon.service")
        for round in 0..<2 {
            try machine.wait(until: "ActiveState") { $0 == "inactive" }
            #expect(try machine.property("Result") == "success")
            #expect(try machine.connect().ask("echo \(round)") == Reply("\(round)\n"))
        }
        try machine.end()
    }

    @Test(
        "a restart loses nobody who waits in the socket, and after an upgrade in place systemd waits for the new daemon as for the first"
    )
    func restarts() throws {
        let machine = try Machine(configuration: configuration(byName))
        try machine.run("systemctl", "start", "fastdaemon.socket")
        let idle = try machine.connect()
        #expect(try idle.ask("echo idle") == Reply("idle\n"))
        let running = try longCall(machine)
        try machine.run("systemctl", "restart", "--no-block", "fastdaemon.service")
        // A daemon that stops closes what asks for nothing once it accepts no more.
        #expect(try idle.receiveToEnd() == [])
        let callers = try (0..<20).map { number in
            let caller = try machine.connect()
            try caller.send("echo \(number)")
            return caller
        }
        #expect(try running.receiveReply() == Reply("waited 1.5\n"))
        for (number, caller) in callers.enumerated() { #expect(try caller.receiveReply() == Reply("\(number)\n")) }

        let first = try machine.property("MainPID")
        try machine.write("{ nonsense", to: configured)
        try machine.run("systemctl", "kill", "--kill-whom=main", "--signal=USR2", "fastdaemon.service")
        // How is told to who is not its parent from Linux 6.15 on; before, only if it asks before systemd has collected it.
        try machine.waitForLog("no upgrade: the new daemon did not come up: it ended")
        #expect(try machine.property("MainPID") == first)
        try machine.write(configuration(byName), to: configured)
        try machine.run("systemctl", "kill", "--kill-whom=main", "--signal=USR2", "fastdaemon.service")
        try machine.wait(until: "MainPID") { $0 != first }
        let caller = try longCall(machine)
        try machine.run("systemctl", "stop", "fastdaemon.service")
        #expect(try caller.receiveReply() == Reply("waited 1.5\n"), "\(machine.log)")
        #expect(try machine.property("Result") == "success")
        #expect(try machine.connect().ask("echo again") == Reply("again\n"))
        try machine.end()
    }

    @Test("a daemon that reloads is known to, and serves as before")
    func reloading() throws {
        let machine = try Machine(
            fixtures: ["slow_life": [#"GATE="/run/gate""#]], configuration: configuration(byName))
        try machine.run("mkfifo", "--mode=644", "/run/gate")
        try machine.run("systemctl", "start", "fastdaemon.socket")
        #expect(try machine.connect().ask("echo before") == Reply("before\n"))
        try machine.write(configuration(byName, plugins: ["libEcho.so", "libslow_life.so"]), to: configured)
        try machine.run("systemctl", "reload", "--no-block", "fastdaemon.service")
        try machine.waitForLog("being created")
        // From here on it is what the daemon has said.
        try machine.wait(until: "ControlPID") { $0 == "0" }
        #expect(try machine.property("ActiveState") == "reloading")
        #expect(try machine.connect().ask("wait 0") == Reply("waited 0\n"))
        try machine.run("sh", "-c", ": >/run/gate")
        try machine.wait(until: "ActiveState") { $0 == "active" }
        #expect(try machine.connect().ask("alive") == Reply("alive\n"))
        #expect(try machine.connect().ask("wait 0").output == "")
        try machine.end()
    }

    @Test("the watchdog ends a daemon whose loop is stuck, and the next one serves, and knows the plugin")
    func watchdog() throws {
        let machine = try Machine(
            fixtures: ["stuck": []], configuration: configuration(byName, plugins: ["libEcho.so", "libstuck.so"]))
        try machine.write("[Service]\nWatchdogSec=2\n", to: "/etc/systemd/system/fastdaemon.service.d/watchdog.conf")
        try machine.run("systemctl", "daemon-reload")
        try machine.run("systemctl", "start", "fastdaemon.socket")
        try machine.run("mkfifo", "--mode=644", "/run/gate")
        let caller = try machine.connect()
        try caller.send("stuck /run/gate")
        #expect(try caller.receiveToEnd() == [])
        try machine.wait(until: "NRestarts") { $0 != "0" }
        #expect(try machine.connect().ask("echo next") == Reply("next\n"))
        // In a worker process from now on.
        #expect(try machine.connect().ask("variable OTHER") == Reply("not set"))
        let log = machine.log
        #expect(log.contains("Watchdog timeout"), "\(log)")
        #expect(log.contains("its command stuck held up an event loop until SIGABRT ended the daemon"), "\(log)")
        try machine.end()
    }

    @Test("worker processes are started, serve, and are replaced, under all that the unit keeps a service from")
    func workers() throws {
        let crashing = #"{ "library": "libcrashing.so", "execution": "process", "workers": 1 }"#
        let machine = try Machine(
            fixtures: ["crashing": []], configuration: configuration(byName, plugins: ["libEcho.so", crashing]))
        try machine.run("systemctl", "start", "fastdaemon.socket")
        func worker() throws -> String {
            let reply = try machine.connect().ask("where")
            #expect(reply.errors == "")
            return reply.output.trimmingCharacters(in: .newlines)
        }
        let first = try worker()
        let main = try machine.property("MainPID")
        #expect(
            try machine.run("ps", "--no-headers", "-o", "ppid", first).trimmingCharacters(in: .whitespacesAndNewlines)
                == main)
        #expect(try machine.connect().ask("crash segv").errors.contains("was killed by SIGSEGV"))
        #expect(try worker() != first)
        #expect(try machine.connect().ask("echo on") == Reply("on\n"))
        try machine.run("systemctl", "stop", "fastdaemon.service", "fastdaemon.socket")
        #expect(try machine.property("MainPID") == "0")
        #expect(try machine.property("Result") == "success")
        try machine.end()
    }

    @Test("a user's own daemon is started, reloaded, upgraded and stopped by the manager of that user")
    func user() throws {
        let machine = try Machine(fixtures: ["session_tools": []])
        try machine.write(
            """
            [Service]
            Type=notify
            User=user
            Environment=XDG_RUNTIME_DIR=/run/user/1000
            RuntimeDirectory=user/1000
            ExecStart=/usr/lib/systemd/systemd --user --unit=basic.target
            Delegate=yes
            KillMode=mixed
            """, to: "/etc/systemd/system/manager.service")
        try machine.write(
            configuration(byName, plugins: ["libEcho.so", "libsession_tools.so"]),
            to: "/home/user/.config/fastdaemon/fastdaemon.json")
        try machine.run("systemctl", "daemon-reload")
        try machine.run("systemctl", "start", "manager.service")
        func systemctl(_ words: String...) throws {
            try machine.run(["systemctl", "--user"] + words, asUser: true)
        }
        try systemctl("start", "fastdaemon.socket")
        let socket = "/run/user/1000/fastdaemon.sock"
        let words = ["fastdaemon_client", socket, "echo", "hi"]
        #expect(try machine.run(words, asUser: true) == "hi\n")
        for folder in ["/home/user/work", "/tmp/work"] {
            try machine.run(["mkdir", folder], asUser: true)
            try machine.write("a note in \(folder)\n", to: folder + "/note")
            let client = ["env", "-C", folder, "fastdaemon_client", socket]
            #expect(try machine.run(client + ["show", "note"], asUser: true) == "a note in \(folder)\n")
            try machine.run(client + ["touch", "new"], asUser: true)
            #expect(try machine.run(["stat", "--format=%u", folder + "/new"]) == "1000\n")
        }
        try machine.write(
            configuration(byName, plugins: ["libWait.so"]), to: "/home/user/.config/fastdaemon/fastdaemon.json")
        try systemctl("reload", "fastdaemon.service")
        try machine.wait(until: "StatusText", asUser: true) { $0.hasPrefix("1 commands of 1 plugins; ") }
        let first = try machine.property("MainPID", asUser: true)
        try systemctl("kill", "--kill-whom=main", "--signal=USR2", "fastdaemon.service")
        try machine.wait(until: "MainPID", asUser: true) { $0 != first }
        let caller = try longCall(machine, on: socket)
        try systemctl("stop", "fastdaemon.service", "fastdaemon.socket")
        #expect(try caller.receiveReply() == Reply("waited 1.5\n"))
        #expect(try machine.property("Result", asUser: true) == "success")
        try machine.end()
    }
}
