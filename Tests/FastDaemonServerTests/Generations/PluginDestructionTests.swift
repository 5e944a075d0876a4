import FastDaemonHost
import FastDaemonSystem
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import FastDaemonServer

@Suite("The end of plugins", .timeLimit(.minutes(1))) struct PluginDestructionTests {
    private let folder: DaemonFolder
    private let log = Lines()

    init() throws {
        folder = try DaemonFolder(libraries: [])
        try folder.build("lifetimes")
    }

    /// A plugin that logs its life.
    private func plugin(_ destruction: PluginDestruction) throws -> HostedPlugin {
        let services = HostServices(pool: try ThreadPool(limit: 1, umask: 0o022), log: log)
        let image = try LibraryImage("liblifetimes.so", in: PluginFolder(at: folder.file("plugins")))
        let plugin = try Plugin(image, name: nil, options: "{}", services: services)
        let gate = Admission(limit: 1).addGate(limit: 1, waitingLimit: 0, countsGlobally: false)
        let entry = PluginConfiguration(keyPath: "", library: "")
        return HostedPlugin(plugin, image, entry, generation: 1, gate: gate, destruction: destruction)
    }

    @Test("Where there is no thread to be had, it waits for one, and whoever lets go of the plugin does not")
    func shortage() async throws {
        let retries = Retries()
        let destruction = PluginDestruction(
            steps: LongSteps(log: Log(LogConfiguration()), loop: nil),
            retry: { retries.append($1, again: $2) },
            start: { name, subject, body throws(IOError) in
                if retries.failures.count < 2 { throw IOError("start", subject, code: EAGAIN) }
                try startThread(name, as: subject, body)
            })
        _ = try plugin(destruction)
        retries.again()
        #expect(retries.failures == [0, 1])
        #expect(log.all == ["created"])
        retries.again()
        await destruction.finish()
        #expect(log.all == ["created", "destroyed"])
    }

    @Test("What was served can be destroyed though somebody holds it, once, and what was not is not waited for")
    func held() async throws {
        let destruction = PluginDestruction(steps: LongSteps(log: Log(LogConfiguration()), loop: nil), retry: nil)
        let (served, loaded) = (try plugin(destruction), try plugin(destruction))
        destruction.noteServed(served.number)
        #expect(destruction.held.map(\.wasServed) == [true, false])
        destruction.beginServed()
        await destruction.finish()
        #expect(log.all == ["created", "created", "destroyed"])
        #expect(destruction.held.map(\.wasServed) == [false])
        destruction.beginServed()
        await destruction.finish()
        withExtendedLifetime((served, loaded)) { #expect(log.all.count == 3) }
    }
}

/// What a plugin logs.
private final class Lines: PluginLog {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    func writes(_ level: LogLevel) -> Bool { true }

    func write(_ level: LogLevel, _ text: String, plugin: String, call: UInt64?) {
        lines.withLock { $0.append(text) }
    }
}
