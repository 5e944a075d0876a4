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

    /// Writes the config again and again, 20 ms apart or without a pause, and returns the longest time between two of them.
    private func write(_ folder: DaemonFolder, every milliseconds: UInt32, while isWanted: (Int) -> Bool) throws
        -> Double
    {
        var (count, longest, watch) = (0, 0.0, Stopwatch())
        while isWanted(count) {
            count += 1
            try folder.write(watching(DaemonConfiguration(limits: ["waitingPerPlugin": Double(60 + count % 7)])))
            longest = max(longest, watch.seconds)
            watch = Stopwatch()
            usleep(1000 * milliseconds)
        }
        return longest
    }

    private static func isOutcome(_ line: String) -> Bool { line.contains(" notice: reloaded ") }

    @Test("takes up a burst of changes once, when it has settled")
    func burst() throws {
        let folder = try DaemonFolder()
        try folder.write(watching(DaemonConfiguration()))
        let daemon = try RunningDaemon(in: folder)
        try waitUntilWatching(daemon)
        var outcomes = 0
        var longest = 0.0
        // Where the machine pauses in the middle of it, it is not one burst.
        repeat {
            outcomes = daemon.log.count(where: Self.isOutcome)
            longest = try write(folder, every: 0) { $0 < 50 }
            try daemon.waitForReload(after: outcomes)
        } while longest > 0.1
        // One more that is asked for: had there been others, they would be before it.
        try daemon.reload()
        #expect(daemon.log.count(where: Self.isOutcome) == outcomes + 2)
    }

    @Test("takes up changes without end after two seconds")
    func restless() throws {
        let folder = try DaemonFolder()
        try folder.write(watching(DaemonConfiguration()))
        let daemon = try RunningDaemon(in: folder)
        try waitUntilWatching(daemon)
        var longest = 0.0
        var seconds = 0.0
        repeat {
            let outcomes = daemon.log.count(where: Self.isOutcome)
            let watch = PauselessStopwatch()
            longest = try write(folder, every: 20) { _ in
                seconds = watch.seconds
                return daemon.log.count(where: Self.isOutcome) == outcomes && seconds < 10
            }
        } while longest > 0.1
        #expect((1.9...3).contains(seconds), "\(seconds) s")
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
