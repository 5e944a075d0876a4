import Foundation
import TestSupport
import Testing

@Suite("The script behind make bench-peers")
struct PeersScriptTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test("words that it does not know are refused")
    func usage() throws {
        #expect(try script("--bogus").status == .exited(64))
        #expect(try script("--rows", "az").errorText.contains("--rows takes letters from a to l, not 'az'"))
        #expect(
            try script("--peers", "echo,apache").errorText.contains("there is no peer 'apache', only echo fastdaemon"))
        #expect(try script("--help").outputText.hasPrefix("usage: peers.sh"))
    }

    @Test(
        "measures the built daemon against the bare echo, on Unix sockets and over TCP",
        .enabled(if: Compiler.c != nil, "cc is not installed"),
        .enabled(if: isInstalled("python3"), "python3 is not installed"))
    func rows() throws {
        let (json, svg) = (folder.file("peers.json"), folder.file("peers.svg"))
        let outcome = try script(
            "--build", productsFolder.path, "--rounds", "1", "--seconds", "1", "--peers", "fastdaemon", "--rows",
            "bh", "--syscalls", "--json", json, "--svg", svg)
        #expect(outcome.status == .exited(0), "\(outcome.errorText)")
        #expect(outcome.outputText.contains("| fastdaemon"))
        let results = try JSONDecoder().decode(Results.self, from: Data(contentsOf: URL(filePath: json)))
        #expect(
            results.figures.map { $0.row + " " + $0.peer }
                == ["b", "h"].flatMap { ["\($0) echo", "\($0) fastdaemon"] })
        #expect(results.figures.allSatisfy { $0.rate > 0 && $0.p50 > 0 })
        // On a busy machine a server may have answered before so short a measurement began, and take no time in it.
        #expect(results.figures.filter { $0.peer == "echo" && $0.cpu > 0 }.allSatisfy { $0.ratio == 1 })
        let strace = isInstalled("strace")
        #expect(results.syscalls.map(\.row) == (strace ? ["b", "h"] : []))
        #expect(results.syscalls.allSatisfy { $0.all >= 2 })
        #expect(outcome.outputText.contains(#/\| TCP, loopback +\| read/#) == strace)
        #expect(try String(contentsOfFile: svg, encoding: .utf8).hasSuffix("</svg>\n"))
    }

    @Test("finds the places where --publish puts its results")
    func places() throws {
        let repository = URL(filePath: benchmarksFolder).deletingLastPathComponent().deletingLastPathComponent()
        let readme = try String(contentsOf: repository.appending(path: "README.md"), encoding: .utf8)
        #expect(readme.contains("\n<!-- peers -->\n"))
        #expect(readme.contains("\n<!-- /peers -->\n"))
        let plot = try #require(readme.firstMatch(of: /\]\((Tests\/Benchmarks\/[a-z]+\.svg)\)/))
        #expect(FileManager.default.fileExists(atPath: repository.appending(path: String(plot.1)).path))
    }

    private struct Results: Decodable {
        struct Figure: Decodable {
            let row: String
            let peer: String
            let ratio: Double?
            let cpu: Double
            let rate: Double
            let p50: Double
        }
        struct Calls: Decodable {
            let row: String
            let all: Double
        }
        let figures: [Figure]
        let syscalls: [Calls]
    }

    private func script(_ arguments: String...) throws -> ProgramResult {
        try run("/bin/bash", ["\(benchmarksFolder)/peers.sh"] + arguments, seconds: 300)
    }
}
