import Foundation
import TestSupport
import Testing

/// `fastdaemon_client --start`, with everything that it makes in a folder of the test's own.
@Suite("Starting the daemon from the client", .ownThread, .timeLimit(.minutes(3))) struct StartTests {
    private let started: StartedDaemons

    init() throws {
        started = try StartedDaemons()
    }

    @Test("twenty clients at once start exactly one daemon")
    func twenty() throws {
        let clients = try (0..<20).map { try started.client(["--start", started.socket, "echo", "\($0)"]) }
        for (number, client) in clients.enumerated() {
            let result = try client.wait()
            #expect(result.status == .exited(0), "\(result.errorText)")
            #expect(result.outputText == "\(number)\n")
        }
        #expect(started.processes.count == 1)
        #expect(started.log.matches(of: /notice: ready/).count == 1, "\(started.log)")
        #expect(!started.log.contains("already running"), "\(started.log)")
        #expect(mode(started.file("run/fastdaemon")) == 0o700)
        #expect(mode(started.file("state/fastdaemon/fastdaemond.log")) == 0o600)
        let files = try FileManager.default.contentsOfDirectory(atPath: started.file("run/fastdaemon"))
            .filter { !$0.hasPrefix("running-") }
        #expect(files.count == 1 && files[0].contains(/^start-[0-9a-f]{8}\.lock$/), "\(files)")
    }

    @Test("where a daemon answers none is started")
    func alreadyThere() throws {
        let daemon = try RunningDaemon(in: started.folder)
        #expect(try started.runClient(["--start", started.socket, "echo", "hi"]).outputText == "hi\n")
        #expect(started.processes.isEmpty)
        #expect(!FileManager.default.fileExists(atPath: started.file("run/fastdaemon")))
        _ = daemon
    }

    @Test("over a port of this machine too, with the folder of the log made where it is looked for")
    func port() throws {
        let server = try FakeServer(.tcp("127.0.0.1")) { _ in [] }
        _ = try started.runClient([server.port, "x"])
        _ = try server.finish()
        try started.folder.write(DaemonConfiguration(listen: [#"{ "tcp": "127.0.0.1:\#(server.port)" }"#]).text)
        try FileManager.default.createDirectory(atPath: started.file("home"), withIntermediateDirectories: false)
        let result = try started.runClient(
            ["--start", "--host", "localhost", "--record", server.port, "echo", "hi"],
            environment: ["XDG_STATE_HOME": nil, "HOME": started.file("home")])
        #expect(result.outputText == "hi\n", "\(result.errorText)")
        let log = try String(
            contentsOfFile: started.file("home/.local/state/fastdaemon/fastdaemond.log"), encoding: .utf8)
        #expect(log.contains("notice: ready"))
    }

    @Test("the daemon has nothing of the client's but the environment")
    func apart() throws {
        // The result is only there once nobody has the client's output and errors open any more.
        let script = #"exec 7>"$0"; trap '' INT; exec "$@""#
        let inherited = started.file("inherited")
        let words = [inherited, builtProgram("fastdaemon_client"), "--start", started.socket, "echo", "hi"]
        let result = try started.program("/bin/sh", ["-c", script] + words).wait()
        #expect(result.outputText == "hi\n", "\(result.errorText)")
        let process = try #require(started.processes.first)
        #expect(getsid(process) == process)
        let proc = "/proc/\(process)"
        let files = try FileManager.default.contentsOfDirectory(atPath: proc + "/fd").compactMap {
            try? FileManager.default.destinationOfSymbolicLink(atPath: "\(proc)/fd/\($0)")
        }
        #expect(files.contains("/dev/null"))
        // The client's lock, that is: the daemon has one of its own, of its socket.
        #expect(!files.contains(inherited) && !files.contains { $0.contains("/start-") }, "\(files)")
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: proc + "/cwd") == "/")
        // SIGINT is bit 1 of the mask of ignored signals (proc(5)): a daemon that inherits it could not be told to stop.
        let status = try String(contentsOfFile: proc + "/status", encoding: .utf8)
        let ignored = try #require(status.firstMatch(of: /SigIgn:\t([0-9a-f]+)/))
        #expect(try #require(UInt64(ignored.1, radix: 16)) & 0b10 == 0)
    }

    @Test("a Ctrl-C for the client's process group does not reach the daemon", arguments: [[], ["--record"]])
    func interrupt(form: [String]) throws {
        // setsid(1) makes the client the leader of a group of its own.
        let client = try started.program(
            "/usr/bin/env",
            ["setsid", builtProgram("fastdaemon_client"), "--start"] + form + [started.socket, "wait", "60"])
        #expect(started.waitForLog { $0.contains("notice: ready") })
        kill(-client.id, SIGINT)
        #expect(try client.wait().status == .signalled(SIGINT))
        #expect(try started.runClient([started.socket, "echo", "hi"]).outputText == "hi\n")
    }

    @Test("a daemon that cannot start shows why, and each try shows its own reason only")
    func failure() throws {
        for key in ["first", "second"] {
            try started.folder.write("{ \"\(key)\": 1 }")
            let result = try started.runClient(["--start", started.socket, "echo", "hi"])
            #expect(result.status == .exited(69))
            let lines = result.errorText.split(separator: "\n")
            #expect(
                lines.first
                    == """
                    fastdaemon_client: no daemon at \(started.socket), and fastdaemond, which was started, ended with \
                    status 78; the end of its log, \(started.file("state/fastdaemon/fastdaemond.log")):
                    """)
            #expect(lines.count > 1)
            #expect(lines.dropFirst().allSatisfy { $0.hasPrefix("fastdaemond: ") }, "\(result.errorText)")
            #expect(result.errorText.contains(key))
        }
    }

    @Test("a daemon that listens elsewhere is named with its config, and stopped")
    func elsewhere() throws {
        let other = started.file("other")
        let result = try started.runClient(["--start", other, "echo", "hi"])
        #expect(result.status == .exited(69))
        #expect(
            result.errorText == """
                fastdaemon_client: no daemon at \(other); fastdaemond was started and stopped again, since it does not \
                listen there: it listens at unix \(started.socket), as \(started.folder.configuration) says; its log is \
                \(started.file("state/fastdaemon/fastdaemond.log"))

                """)
        #expect(started.waitForLog { $0.contains("notice: stopped") })
    }

    @Test("the fastdaemond beside the client is taken, then the one on $PATH; without either it says so")
    func whichDaemon() throws {
        // A file that this process had open to write could not be run while a child of another test still has it.
        let script = """
            set -e
            for folder; do
                mkdir "$folder"
                printf '#!/bin/sh\\necho fake: "$0" $# >&2; exit 3\\n' > "$folder/fastdaemond"
                chmod 755 "$folder/fastdaemond"
            done
            cp "$0" "$1"
            """
        let folders = ["beside", "path"].map { started.file($0) }
        let made = try run("/bin/sh", ["-c", script, builtProgram("fastdaemon_client")] + folders)
        #expect(made.status == .exited(0), "\(made.errorText)")
        let client = folders[0] + "/fastdaemon_client"
        func errors() throws -> String {
            let words = ["--start", started.socket, "echo", "hi"]
            let program = try started.program(client, words, environment: ["PATH": folders[1]])
            let result = try program.wait(seconds: 30)
            #expect(result.status == .exited(69))
            return result.errorText
        }
        for folder in folders {
            let text = try errors()
            #expect(text.contains("ended with status 3"))
            #expect(text.hasSuffix(":\nfake: \(folder)/fastdaemond 0\n"), "\(text)")
            try FileManager.default.removeItem(atPath: folder + "/fastdaemond")
        }
        #expect(
            try errors() == """
                fastdaemon_client: no daemon at \(started.socket), and fastdaemond, which would be started, is neither \
                beside this program nor on $PATH

                """)
    }

    @Test("with --or-exec too the program of this machine runs only where no daemon can be started")
    func startOrExec() throws {
        let words = ["--start", "--or-exec", started.socket, "echo", "-n", "hi"]
        #expect(try started.runClient(words).outputText == "-n hi\n")
        started.stop()
        try started.folder.write("{")
        let result = try started.runClient(words)
        #expect(result.outputText == "hi")
        #expect(result.errorText == "")
        #expect(result.status == .exited(0))
    }

    @Test("the program of this machine has no child that it knows nothing of")
    func noChild() throws {
        let script = #"read children < "/proc/$$/task/$$/children"; echo "<$children>""#
        let words = ["--start", "--or-exec", started.file("other"), "sh", "-c", script]
        #expect(try started.runClient(words).outputText == "<>\n")
        // A daemon was started before that.
        #expect(started.waitForLog { $0.contains("notice: stopped") })
    }
}

private func mode(_ path: String) -> mode_t? {
    var status = stat()
    return lstat(path, &status) == 0 ? status.st_mode & 0o7777 : nil
}
