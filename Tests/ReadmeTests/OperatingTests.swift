import Foundation
import Testing

@testable import FastDaemonHost
@testable import FastDaemonServer

@Suite("The page for operators") struct OperatingTests {
    private let page = repository.appending(path: "config/OPERATING.md")

    @Test("It has every limit, with its default")
    func limits() throws {
        let text = try String(contentsOf: page, encoding: .utf8)
        let limits = Limits()
        let rows =
            Limits.integers.map { "| `\($0.key)` | \(limits[keyPath: $0.path]) |" }
            + Limits.seconds.map { key, path, _ in
                let number = limits[keyPath: path]
                return "| `\(key)` | \(number == number.rounded() ? "\(Int(number))" : "\(number)") |"
            }
        for row in rows { #expect(text.contains("\n\(row)"), "\(row)") }
    }

    @Test("It has the numbers that are no limits, too")
    func numbers() throws {
        let text = try String(contentsOf: page, encoding: .utf8)
        let plugin = PluginConfiguration(keyPath: "plugins[0]", library: "libEcho.so")
        let words = [5: "five", 10: "ten"]
        let crashes = words[CrashBreaker.mostCrashes] ?? "\(CrashBreaker.mostCrashes)"
        let window = CrashBreaker.window / CrashBreaker.seconds(1)
        for sentence in [
            "`workers` processes serve a plugin (\(plugin.workers))",
            "`callsPerWorker` (\(plugin.callsPerWorker)) and",
            "at most \(AccessFeed.mostReaders) readers at once",
            "has crashed \(crashes) times in \(words[Int(window)] ?? "\(window)") seconds",
            "it is tried again within \(StartShortage.longestPause / CrashBreaker.seconds(1)) s",
        ] {
            #expect(text.contains(sentence), "\(sentence)")
        }
    }

    @Test("Each file that it names is there")
    func links() throws {
        let text = try String(contentsOf: page, encoding: .utf8)
        let links = text.matches(of: /\]\(([^)]+)\)/).map { String($0.output.1) }
        #expect(links.count > 2)
        for link in links {
            let file = page.deletingLastPathComponent().appending(path: link).standardized
            #expect(FileManager.default.fileExists(atPath: file.path), "\(link)")
        }
    }
}
