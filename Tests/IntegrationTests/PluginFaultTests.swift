import Foundation
import TestSupport
import Testing

@Suite("Plugins that cannot be served", .ownThread, .timeLimit(.minutes(3))) struct PluginFaultTests {
    /// Starts a daemon that lists a faulty library before a good one, and returns the one line of complaint. The good one must
    /// serve, and `--check` must say the same and exit with 78.
    private func complaint(
        about entry: String = #"{ "library": "bad.so" }"#, in folder: DaemonFolder,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> String {
        let daemon = try RunningDaemon(DaemonConfiguration(plugins: [entry, "Echo"]), in: folder)
        #expect(try daemon.ask("echo on") == Reply("on\n"), sourceLocation: sourceLocation)
        let lines = daemon.log.filter { $0.contains(" error: ") }
        #expect(lines.count == 1, "\(lines)", sourceLocation: sourceLocation)
        #expect(try daemon.stop().status == .exited(0), sourceLocation: sourceLocation)
        let check = try folder.runDaemon("--check")
        #expect(check.status == .exited(78), sourceLocation: sourceLocation)
        #expect(check.outputText.contains(folder.library("libEcho.so")), sourceLocation: sourceLocation)
        let complaint = lines.first?.components(separatedBy: " error: ").last ?? ""
        // Plugins may have logged something, too.
        #expect(
            check.errorText.split(separator: "\n").contains("fastdaemond: \(complaint)"), sourceLocation: sourceLocation
        )
        return complaint
    }

    @Test(
        "Each fault of a library has a message of its own, and the others serve",
        arguments: [
            ("no_entry", "it does not export fastdaemon_plugin_entry"),
            ("wrong_major", "it was built for version 2.0 of the plugin ABI, and this daemon speaks 1.0"),
            ("too_small", "its descriptor is 24 bytes, and version 1.0 of the plugin ABI needs"),
            ("refusing", "it cannot work with a host of version 1.0 of the plugin ABI"),
            ("failing_create", "its start failed: "),
            ("failing_silently", "its start failed: it returned 7, and did not say why"),
            ("failing_commands", "it could not say what it serves: "),
            ("no_commands", "it serves no commands"),
            ("bad_name", "its command number 1 cannot be used: "),
        ])
    func faults(fixture: String, message: String) throws {
        let folder = try DaemonFolder()
        try folder.build(fixture)
        let complaint = try complaint(about: #"{ "library": "lib\#(fixture).so" }"#, in: folder)
        let start = "plugins[0]: cannot load \(folder.library("lib\(fixture).so")): \(message)"
        #expect(complaint.hasPrefix(start), "\(complaint)")
    }

    @Test("A library that is not there is named")
    func missing() throws {
        let folder = try DaemonFolder()
        #expect(
            try complaint(in: folder)
                == "plugins[0]: cannot load \(folder.library("bad.so")): there is no such file in the plugin folder")
    }

    @Test("A plugin folder that is not there is named, and the daemon still answers for itself")
    func missingFolder() throws {
        let folder = try DaemonFolder()
        try FileManager.default.removeItem(atPath: folder.file("plugins"))
        let daemon = try RunningDaemon(in: folder.with(DaemonConfiguration(plugins: ["Echo"])))
        #expect(
            daemon.log.contains {
                $0.contains("pluginDirectory: cannot load \(folder.file("plugins")): there is no such folder")
            })
        #expect(try daemon.ask("help").output.contains("daemon"))
        #expect(try folder.runDaemon("--check").status == .exited(78))
    }

    @Test(
        "What is no library is refused before the loader sees it",
        arguments: ["", "hello", String(repeating: "x", count: 4096)])
    func notELF(text: String) throws {
        let folder = try DaemonFolder()
        try Data(text.utf8).write(to: URL(filePath: folder.library("bad.so")))
        chmod(folder.library("bad.so"), 0o755)
        #expect(try complaint(in: folder).hasSuffix("it is not a shared library (no ELF header)"))
    }

    @Test("A library cut off behind its header, or for another machine, is refused")
    func damaged() throws {
        let folder = try DaemonFolder()
        var bytes = try Data(contentsOf: URL(filePath: folder.library("libCount.so")))
        try bytes.prefix(200).write(to: URL(filePath: folder.library("bad.so")))
        chmod(folder.library("bad.so"), 0o755)
        #expect(try complaint(in: folder).hasPrefix("plugins[0]: cannot load \(folder.library("bad.so")): "))
        bytes[18] = 0xF3
        bytes[19] = 0
        try bytes.write(to: URL(filePath: folder.library("bad.so")))
        #expect(try complaint(in: folder).contains("it was built for another kind of machine (ELF machine 243"))
    }

    @Test("A directory, or a pipe, in the place of a library is refused")
    func notAFile() throws {
        let folder = try DaemonFolder()
        mkdir(folder.library("bad.so"), 0o755)
        #expect(try complaint(in: folder).hasSuffix("it is not a regular file"))
        rmdir(folder.library("bad.so"))
        mkfifo(folder.library("bad.so"), 0o600)
        #expect(try complaint(in: folder).hasSuffix("it is not a regular file"))
    }

    @Test("Two libraries that serve one command: the second is refused, and the message names both")
    func sameCommand() throws {
        let folder = try DaemonFolder()
        try folder.build("duplicate")
        let daemon = try RunningDaemon(DaemonConfiguration(plugins: ["Echo", "duplicate"]), in: folder)
        #expect(try daemon.ask("echo hi") == Reply("hi\n"))
        #expect(
            daemon.log.contains {
                $0.contains("plugins[1]: \(folder.library("libduplicate.so")): ")
                    && $0.contains("\"echo\" is served by \(folder.library("libEcho.so")) already")
            })
        #expect(try folder.runDaemon("--check").status == .exited(78))
    }

    @Test("Two plugins of one name: the second is refused, and the message says what to do")
    func sameName() throws {
        let folder = try DaemonFolder()
        let entry = #"{ "library": "libEcho.so" }"#
        let complaint = try RunningDaemon(DaemonConfiguration(plugins: [entry, entry]), in: folder).log.first {
            $0.contains("error")
        }
        #expect(
            complaint?.contains(#"is called "echo", as \#(folder.library("libEcho.so")) is; give one of them a "name""#)
                == true)
    }

    @Test("A command that is called as one of the daemon's own is refused")
    func ownCommand() throws {
        let folder = try DaemonFolder()
        let complaint = try complaint(
            about: #"{ "library": "libWait.so", "commands": { "help": "wait" } }"#, in: folder)
        #expect(complaint.contains("its command \"help\" is one of the daemon's own"))
    }

    @Test("A command that the library does not have is named, with a near one")
    func unknownCommand() throws {
        let folder = try DaemonFolder()
        let complaint = try complaint(
            about: #"{ "library": "libWait.so", "commands": { "pause": "wiat" } }"#, in: folder)
        #expect(complaint == "plugins[0].commands.pause: wait has no command \"wiat\"; did you mean 'wait'?")
    }

    @Test("A library that others may write to is refused with the command that mends it")
    func writableLibrary() throws {
        let folder = try DaemonFolder()
        try folder.install(builtProgram("libCount.so"), as: "bad.so")
        for mode in [0o775, 0o757] as [mode_t] {
            chmod(folder.library("bad.so"), mode)
            #expect(try complaint(in: folder).hasSuffix("mend it with: chmod go-w \(folder.library("bad.so"))"))
        }
    }

    @Test("A plugin folder that others may write to is refused, and so is all that is in it")
    func writableFolder() throws {
        let folder = try DaemonFolder()
        chmod(folder.file("plugins"), 0o777)
        let daemon = try RunningDaemon(in: folder.with(DaemonConfiguration(plugins: ["Echo"])))
        #expect(daemon.log.contains { $0.hasSuffix("mend it with: chmod go-w \(folder.file("plugins"))") })
        #expect(try daemon.ask("echo hi").errors.contains("no command"))
        // Sticky or not: who may add files to it decides what is loaded.
        chmod(folder.file("plugins"), 0o1777)
        #expect(try folder.runDaemon("--check").errorText.contains("chmod go-w \(folder.file("plugins"))"))
    }

    @Test("A library of another user is refused", .enabled(if: geteuid() == 0, "only root can give a file away"))
    func foreignLibrary() throws {
        let folder = try DaemonFolder()
        try folder.install(builtProgram("libCount.so"), as: "bad.so")
        chown(folder.library("bad.so"), 12345, 12345)
        #expect(try complaint(in: folder).hasSuffix("mend it with: chown \(geteuid()) \(folder.library("bad.so"))"))
    }

    @Test("A link that leads out of the folder is refused, and one that stays in it is followed")
    func links() throws {
        let folder = try DaemonFolder()
        try folder.install(builtProgram("libCount.so"), as: "real.so")
        rename(folder.library("real.so"), folder.file("outside.so"))
        symlink(folder.file("outside.so"), folder.library("bad.so"))
        #expect(try complaint(in: folder).hasSuffix("never a path or a link that leads out of it"))
        unlink(folder.library("bad.so"))
        symlink("../outside.so", folder.library("bad.so"))
        #expect(try complaint(in: folder).hasSuffix("never a path or a link that leads out of it"))
        rename(folder.file("outside.so"), folder.library("real.so"))
        symlink("real.so", folder.library("good.so"))
        let daemon = try RunningDaemon(DaemonConfiguration(plugins: [#"{ "library": "good.so" }"#]), in: folder)
        #expect(try daemon.ask("count -c", input: "123") == Reply("3\n"))
    }

    @Test("A path out of the folder is refused", arguments: ["../bad.so", "/tmp/bad.so", "sub/bad.so", "..", "."])
    func paths(name: String) throws {
        let folder = try DaemonFolder()
        let complaint = try complaint(about: #"{ "library": "\#(name)" }"#, in: folder)
        #expect(
            complaint.hasSuffix(
                "a library is a file name in the plugin folder, never a path or a link that leads out of it"))
    }
}
