import Foundation
import TestSupport
import Testing

@Suite("A reload of what is wrong")
struct RefusedReloadTests {
    @Test("of a config that is wrong names every problem, and the old one goes on untouched")
    func configuration() throws {
        let daemon = try RunningDaemon(version: "1")
        try daemon.folder.write(
            """
            { "listen": [ { "unix": "other" } ], "pluginDirectory": "plugins", "limits": { "commands": -1 }, "watch": 3,
              "plugins": [ { "library": "libEcho.so" } ] }
            """)
        let lines = try daemon.reload().lines
        #expect(lines.contains { $0.contains("limits.commands: expected a whole number") })
        #expect(lines.contains { $0.contains("watch: expected true or false") })
        #expect(lines.contains { $0.contains("error: not reloaded; what was served before is served on") })
        #expect(try daemon.ask("version").output == "version 1\n")
        #expect(!FileManager.default.fileExists(atPath: daemon.folder.file("other")))
    }

    @Test("of a listener or a plugin that cannot be had leaves nothing half applied")
    func half() throws {
        let daemon = try RunningDaemon(version: "1")
        try daemon.folder.write(
            DaemonConfiguration(
                listen: [#"{ "unix": "socket" }"#, #"{ "unix": "new" }"#, #"{ "unix": "nowhere/at/all" }"#],
                plugins: ["versions"]
            ).text)
        #expect(try daemon.reload().lines.contains { $0.contains("cannot listen on") && $0.contains("nowhere/at/all") })
        try daemon.folder.write(
            DaemonConfiguration(
                listen: [#"{ "unix": "socket" }"#, #"{ "unix": "new" }"#], plugins: ["versions", "missing"]
            ).text)
        #expect(try daemon.reload().lines.contains { $0.contains("libmissing.so: there is no such file") })
        // All that is wrong is said at once, of plugins and listeners.
        let wrong = [#"{ "unix": "new" }"#, #"{ "unix": "nowhere/at/all" }"#, #"{ "unix": "also/nowhere" }"#]
        try daemon.folder.write(DaemonConfiguration(listen: wrong, plugins: ["versions", "missing"]).text)
        let lines = try daemon.reload().lines
        for fault in ["nowhere/at/all", "also/nowhere", "libmissing.so: there is no such file"] {
            #expect(lines.contains { $0.contains(" error: ") && $0.contains(fault) }, "\(fault): \(lines)")
        }
        #expect(!FileManager.default.fileExists(atPath: daemon.folder.file("new")))
        #expect(try daemon.ask("echo on").output == "on\n")
    }

    @Test(
        "of a version that fails, hangs, or crashes keeps the old one, wherever it runs",
        arguments: VersionFault.allCases, [false, true])
    func versions(fault: VersionFault, isInWorker: Bool) throws {
        if fault == .nothing { return }
        let daemon = try DaemonConfiguration.$usesWorkers.withValue(isInWorker) { try RunningDaemon(version: "1") }
        #expect(daemon.workerProcesses.isEmpty != isInWorker)
        try daemon.folder.build(version: "2", fault)
        let lines = try daemon.reload().lines
        #expect(lines.contains { $0.contains("error: not reloaded") })
        let expected =
            switch fault {
            case .nothing: ""
            case .createFails: "its start failed"
            case .testFails: "its self-test failed"
            case .createHangs, .testHangs: "did not load it in time (5 s)"
            case .loadingCrashes: "SIGABRT"
            }
        #expect(lines.contains { $0.contains(expected) }, "\(lines.joined(separator: "\n"))")
        #expect(try daemon.ask("version").output == "version 1\n")
        try daemon.folder.build(version: "3")
        try daemon.reload()
        #expect(try daemon.ask("version").output == "version 3\n")
    }

    @Test("of a library that is not whole yet keeps the old one")
    func cutShort() throws {
        let daemon = try RunningDaemon(version: "1")
        try daemon.folder.build(version: "2")
        let library = daemon.folder.library("libversions.so")
        let whole = try Data(contentsOf: URL(filePath: library))
        try whole.prefix(whole.count / 3).write(to: URL(filePath: library))
        #expect(try daemon.reload().lines.contains { $0.contains("the file ends before the library does") })
        #expect(try daemon.ask("version").output == "version 1\n")
        try whole.write(to: URL(filePath: library))
        try daemon.reload()
        #expect(try daemon.ask("version").output == "version 2\n")
    }
}
