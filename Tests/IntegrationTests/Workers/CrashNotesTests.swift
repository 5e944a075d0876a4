import Foundation
import TestSupport
import Testing

@Suite("After a crash in the daemon itself", .ownThread, .timeLimit(.minutes(3))) struct CrashNotesTests {
    private func folder() throws -> DaemonFolder {
        let folder = try DaemonFolder()
        try folder.build("crashing", "session_tools")
        return try folder.with(DaemonConfiguration(plugins: ["Echo", "crashing", "session_tools"]))
    }

    private func notes(of folder: DaemonFolder) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.file("fastdaemon"))) ?? []
        return names.filter { $0.hasPrefix("blamed-") || $0.hasPrefix("running-") }
    }

    @Test(
        "The next start runs the plugin in worker processes, says so, and serves the rest",
        arguments: [
            ("segv", "by SIGSEGV"), ("abort", "by SIGABRT"), ("stack", "by SIGSEGV"), ("exit", "by exit()"),
            ("trap", "by SIGILL"), ("throw", "by SIGABRT"),
        ])
    func next(way: String, text: String) throws {
        let folder = try folder()
        let first = try RunningDaemon(in: folder)
        #expect(try first.ask("where").output == "\(first.process)\n")
        let peer = try first.connect()
        try peer.send(recordBytes("crash \(way)"))
        _ = try first.wait()
        let second = try RunningDaemon(in: folder)
        let warning = second.log.first { $0.contains(" warning: ") }
        #expect(warning?.contains("its command crash ended the daemon \(text)") == true, "\(second.log)")
        #expect(warning?.contains("plugins[1]: \(folder.library("libcrashing.so"))") == true)
        #expect(try second.workerProcesses.contains(Int32(second.ask("where").output.dropLast()) ?? 0))
        #expect(try second.ask("crash \(way)").errors.contains("its worker process "))
        #expect(try second.ask("echo on") == Reply("on\n"))
        #expect(try second.ask("exit 0") == Reply(""))
        #expect(try second.stop().status == .exited(0))
        // So does the one after that, until the code of the library changes; what stands behind it is for debuggers.
        try Data([0]).append(to: folder.library("libcrashing.so"))
        let third = try RunningDaemon(in: folder)
        #expect(try third.ask("where").output != "\(third.process)\n")
        #expect(try third.stop().status == .exited(0))
        try changeCode(of: folder.library("libcrashing.so"))
        let fourth = try RunningDaemon(in: folder)
        #expect(try fourth.ask("where").output == "\(fourth.process)\n")
        #expect(!fourth.log.contains { $0.contains(" warning: ") })
    }

    /// Changes a byte that is mapped and no loader reads: e_shstrndx of the ELF header, which is for debuggers.
    private func changeCode(of library: String) throws {
        var bytes = try Data(contentsOf: URL(filePath: library))
        bytes[62] ^= 1
        try bytes.write(to: URL(filePath: library), options: .atomic)
        chmod(library, 0o644)
    }

    @Test("A crash while a plugin is loaded is known, too")
    func start() throws {
        let folder = try DaemonFolder()
        try folder.build("failing_start")
        try folder.write(
            DaemonConfiguration(
                plugins: ["Echo", #"{ "library": "libfailing_start.so", "options": { "start": "crash" } }"#]
            ).text)
        #expect(throws: (any Error).self) { try RunningDaemon(in: folder) }
        let second = try RunningDaemon(in: folder)
        #expect(try second.ask("echo on") == Reply("on\n"))
        #expect(second.log.contains { $0.contains("a worker process was killed by SIGABRT while it was loaded") })
    }

    @Test(
        "A crash on a thread that a plugin made itself is known to be its fault",
        arguments: [
            ("segv", "by SIGSEGV"), ("trap", "by SIGILL"), ("abort", "by SIGABRT"), ("exit", "by exit()"),
            ("segv later", "by SIGSEGV"),
        ])
    func ownThread(way: String, text: String) throws {
        let folder = try folder()
        let first = try RunningDaemon(in: folder)
        let peer = try first.connect()
        try peer.send(recordBytes("thread \(way)"))
        _ = try first.wait()
        peer.hangUp()
        let second = try RunningDaemon(in: folder)
        let warning = second.log.first { $0.contains(" warning: ") }
        let blame = "plugins[1]: \(folder.library("libcrashing.so")): a thread of its own ended the daemon \(text)"
        #expect(warning?.contains(blame) == true, "\(second.log)")
        #expect(try second.ask("where").output != "\(second.process)\n")
    }

    @Test("A thread that crashes on a stack with nothing above it ends the daemon as it would have")
    func fiber() throws {
        let daemon = try RunningDaemon(in: try folder())
        let peer = try daemon.connect()
        try peer.send(recordBytes("thread fiber"))
        #expect(try daemon.wait().status == .signalled(SIGABRT))
        peer.hangUp()
    }

    @Test("A handler that holds up an event loop until the daemon is aborted, as by a watchdog, is to blame")
    func stuck() throws {
        let folder = try DaemonFolder()
        try folder.build("stuck")
        let first = try RunningDaemon(
            DaemonConfiguration(plugins: ["stuck", "Echo"], others: ["loops": "2"]), in: folder)
        let gate = try Gate(of: first)
        // Of two loops the one that was stuck first is the reason.
        let callers = try [("stuck", "stuck in process"), ("jam", "jammed in process")].map { command, line in
            let caller = try first.connect()
            try caller.send("\(command) \(gate.path)")
            try first.waitForLog(line)
            return caller
        }
        first.send(SIGABRT)
        #expect(try first.wait().status == .signalled(SIGABRT))
        for caller in callers { caller.hangUp() }
        let second = try RunningDaemon(in: folder)
        #expect(
            second.log.contains {
                $0.contains(
                    "its command stuck held up an event loop until SIGABRT ended the daemon; it runs in worker processes"
                )
            }, "\(second.log)")
        let peer = try second.connect()
        try peer.send("stuck \(gate.path)")
        try second.waitForLog("stuck in process")
        #expect(try second.ask("echo on") == Reply("on\n"))
        try gate.open()
        #expect(try peer.receiveReply() == Reply("free\n"))
    }

    @Test("What a process that a handler forked does is not the handler's crash", arguments: ["abort", "exit"])
    func child(way: String) throws {
        let folder = try folder()
        let first = try RunningDaemon(in: folder)
        #expect(try first.ask("child \(way)") == Reply(""))
        first.send(SIGKILL)
        _ = try first.wait()
        let second = try RunningDaemon(in: folder)
        #expect(!second.log.contains { $0.contains(" warning: ") })
    }

    @Test("Who kills the daemon is not a plugin, whatever runs", arguments: [SIGKILL, SIGSEGV, SIGABRT])
    func killed(signal: Int32) throws {
        let folder = try folder()
        let first = try RunningDaemon(in: folder)
        let gate = try Gate(of: first)
        let peer = try first.session(RawRequest("deaf", gate.path))
        try peer.receive(text: "at the gate\n")
        first.send(signal)
        _ = try first.wait()
        let second = try RunningDaemon(in: folder)
        #expect(!second.log.contains { $0.contains(" warning: ") })
        #expect(try second.ask("where").output == "\(second.process)\n")
        #expect(try second.stop().status == .exited(0))
        #expect(notes(of: folder) == [], "nothing is left behind")
    }

    /// Whether a process here may mount something that it alone sees.
    static let mayMount: Bool = {
        let words = ["--mount", "mount", "-t", "tmpfs", "none", "/mnt"]
        return (try? run("/usr/bin/unshare", words))?.status == .exited(0)
    }()

    @Test("A folder that is full is one more that cannot be used", .enabled(if: mayMount, "no right to mount"))
    func fullFolder() throws {
        let folder = try folder()
        mkdir(folder.file("fastdaemon"), 0o700)
        let mount = #"mount -t tmpfs -o size=64k,mode=0700 none "$0" && exec "$@""#
        let words = ["/usr/bin/unshare", "--mount", "/bin/sh", "-c", mount, folder.file("fastdaemon")]
        let daemon = try RunningDaemon(in: folder, launcher: words)
        let warning = daemon.log.first { $0.contains("a crash will not be known to the next start") }
        #expect(warning?.contains("No space left on device") == true, "\(daemon.log)")
        #expect(try daemon.ask("echo on") == Reply("on\n"))
        #expect(try daemon.stop().status == .exited(0))
    }

    @Test("A folder for notes that is not to be trusted is not used, and the daemon serves")
    func untrusted() throws {
        let folder = try folder()
        mkdir(folder.file("fastdaemon"), 0o777)
        chmod(folder.file("fastdaemon"), 0o777)
        let daemon = try RunningDaemon(in: folder)
        #expect(daemon.log.contains { $0.contains("a crash will not be known to the next start") })
        #expect(try daemon.ask("echo on") == Reply("on\n"))
    }
}
