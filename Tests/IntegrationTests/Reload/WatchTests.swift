import Foundation
import TestSupport
import Testing

@Suite("A daemon that watches")
struct WatchTests {
    /// Waits until the folders of the config and of the plugins are watched: that begins after a daemon says that it is ready.
    private func waitUntilWatching(_ daemon: RunningDaemon) throws {
        let folder = "/proc/\(daemon.process)/fdinfo"
        try daemon.wait(until: "two folders are watched") {
            let texts = try FileManager.default.contentsOfDirectory(atPath: folder).compactMap {
                try? String(contentsOfFile: "\(folder)/\($0)", encoding: .utf8)
            }
            return texts.joined().split(separator: "\n").count { $0.hasPrefix("inotify wd:") } == 2
        }
    }

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
        try waitUntilWatching(daemon)
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
        try waitUntilWatching(daemon)
        try folder.build(version: "2", .createFails)
        try daemon.waitForReload()
        #expect(try daemon.ask("version").output == "version 1\n")
        try folder.build(version: "3")
        try daemon.waitForReload(after: 1)
        #expect(try daemon.ask("version").output == "version 3\n")
    }

    @Test("takes up a folder that a symbolic link leads to from now on")
    func swappedLink() throws {
        let folder = try DaemonFolder()
        try folder.build(version: "1")
        try folder.write(watching(.versions))
        let (link, first, second) = (folder.file("plugins"), folder.file("first"), folder.file("second"))
        #expect(rename(link, first) == 0)
        try FileManager.default.copyItem(atPath: first, toPath: second)
        #expect(symlink("second", link) == 0)
        try folder.build(version: "2")
        #expect(unlink(link) == 0 && symlink("first", link) == 0)
        let daemon = try RunningDaemon(in: folder)
        #expect(try daemon.ask("version").output == "version 1\n")
        try waitUntilWatching(daemon)
        #expect(symlink("second", link + ".new") == 0 && rename(link + ".new", link) == 0)
        try daemon.wait(until: "it serves the other") { try daemon.ask("version").output == "version 2\n" }
    }

    @Test("takes up a plugin folder that was removed and made anew")
    func remade() throws {
        let folder = try DaemonFolder()
        try folder.build(version: "1")
        try folder.write(watching(.versions))
        let daemon = try RunningDaemon(in: folder)
        try waitUntilWatching(daemon)
        try FileManager.default.removeItem(atPath: folder.file("plugins"))
        #expect(try daemon.waitForReload().contains("not reloaded"))
        try daemon.waitForLog("cannot watch \(folder.file("plugins"))")
        #expect(mkdir(folder.file("plugins"), 0o755) == 0)
        try folder.install(builtProgram("libEcho.so"), as: "libEcho.so")
        try folder.build(version: "2")
        try daemon.wait(until: "it serves what is there") { try daemon.ask("version").output == "version 2\n" }
    }

    @Test("begins to when a reload says so")
    func begins() throws {
        let daemon = try RunningDaemon(version: "1")
        try daemon.folder.write(watching(.versions))
        try daemon.reload()
        try waitUntilWatching(daemon)
        try daemon.folder.build(version: "2")
        try daemon.waitForReload(after: 1)
        #expect(try daemon.ask("version").output == "version 2\n")
    }
}
