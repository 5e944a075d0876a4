import Foundation
import TestSupport
import Testing

@testable import FastDaemonServer

@Suite("The manual pages") struct ManualTests {
    static let pages = [
        "fastdaemond/fastdaemond.8", "fastdaemon_client/fastdaemon_client.1", "fastdaemon_bench/fastdaemon_bench.1",
        "FastDaemonServer/fastdaemon.json.5", "CFastDaemonPlugin/fastdaemon_plugin.h.3",
    ]

    @Test("groff finds nothing wrong", .enabled(if: isInstalled("groff"), "groff is not installed"), arguments: pages)
    func isClean(page: String) throws {
        let path = repository.appending(path: "Sources/\(page)").path
        let result = try run("/usr/bin/env", ["groff", "-man", "-Tutf8", "-ww", "-z", path])
        #expect(result.status == .exited(0))
        #expect(result.errorText == "")
    }

    @Test("fastdaemon.json(5) has every limit, with its range and its default")
    func limits() throws {
        let page = try text("FastDaemonServer/fastdaemon.json.5")
        let limits = Limits()
        for (key, path, range) in Limits.integers {
            let entry =
                ".BR \(key) \" (\(range.lowerBound) to \(range.upperBound); default: \(limits[keyPath: path]))\""
            #expect(page.contains(entry), "\(entry)")
        }
        for (key, path, range) in Limits.seconds {
            let numbers = [range.lowerBound, range.upperBound, limits[keyPath: path]].map {
                $0 == $0.rounded() ? "\(Int($0))" : "\($0)"
            }
            let entry = ".BR \(key) \" (\(numbers[0]) to \(numbers[1]); default: \(numbers[2]))\""
            #expect(page.contains(entry), "\(entry)")
        }
    }

    @Test("fastdaemond(8) has every option of --help")
    func options() throws {
        let page = try text("fastdaemond/fastdaemond.8")
        let options = DaemonOptions.help.matches(of: /--[a-z]+/).map { String($0.output) }
        #expect(!options.isEmpty)
        for option in Set(options) {
            #expect(page.contains(option.replacing("-", with: "\\-")), "\(option)")
        }
    }

    @Test("fastdaemon_client(1) has every option and every exit status of --help")
    func clientOptions() throws {
        let page = try text("fastdaemon_client/fastdaemon_client.1")
        let help = try run(builtProgram("fastdaemon_client"), ["--help"]).outputText
        let options = Set(help.matches(of: /--[a-z][a-z-]+/).map { String($0.output) })
        #expect(options.count > 9)
        for option in options {
            #expect(page.contains(option.replacing("-", with: "\\-")), "\(option)")
        }
        let statuses = try #require(help.firstMatch(of: /exit status: (?:[^\n]+\n)+/)).output
        let numbers = statuses.matches(of: /\b\d\d+\b/).map { String($0.output) }
        #expect(numbers.count > 7)
        for number in Set(numbers) {
            #expect(page.contains("\n.B \(number)\n") || page.contains("\n.BR \(number) "), "\(number)")
        }
    }

    private func text(_ page: String) throws -> String {
        try String(contentsOf: repository.appending(path: "Sources/\(page)"), encoding: .utf8)
    }
}
