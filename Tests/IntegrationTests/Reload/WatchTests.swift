import Foundation
import TestSupport
import Testing

@Suite("A daemon that watches")
struct WatchTests {
    private func watching(_ configuration: DaemonConfiguration) -> String {
        var configuration = configuration
        configuration.others["watch"] = "true"
        return configuration.text
    }

    @Test("takes up a library that was replaced, and a config that was written, by itself")
    func changes() throws {
        let folder = try DaemonFolder()
        try folder.build(version: "1")
        try folder.write(watching(.versions))
        let daemon = try RunningDaemon(in: folder)
        try folder.build(version: "2")
        try daemon.waitForReload()
        #expect(try daemon.ask("version").output == "version 2\n")
        try folder.write(watching(DaemonConfiguration(plugins: ["Echo", "Wait"])))
        try daemon.waitForReload(after: 1)
        #expect(try daemon.ask("wait 0").output == "waited 0\n")
    }

    @Test("keeps the old version where the new one is broken, and takes up the one that mends it")
    func broken() throws {
        let folder = try DaemonFolder()
        try folder.build(version: "1")
        try folder.write(watching(.versions))
        let daemon = try RunningDaemon(in: folder)
        try folder.build(version: "2", .createFails)
        try daemon.waitForReload()
        #expect(try daemon.ask("version").output == "version 1\n")
        try folder.build(version: "3")
        try daemon.waitForReload(after: 1)
        #expect(try daemon.ask("version").output == "version 3\n")
    }

    @Test("begins to when a reload says so")
    func begins() throws {
        let daemon = try RunningDaemon(version: "1")
        try daemon.folder.write(watching(.versions))
        try daemon.reload()
        try daemon.folder.build(version: "2")
        try daemon.waitForReload(after: 1)
        #expect(try daemon.ask("version").output == "version 2\n")
    }
}
