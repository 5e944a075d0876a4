import CFastDaemonPlugin
import Foundation
import TestSupport
import Testing

@Suite("The count handler")
struct CountTests {
    let plugin: LoadedPlugin

    init() throws {
        plugin = try LoadedPlugin(library: "Count")
    }

    @Test(
        "prints numbers as wc does",
        arguments: [
            ([], "a b\n", "      1       2       4\n"), ([], "", "      0       0       0\n"), (["-l"], "a\nb", "1\n"),
            (["-w"], " a\u{0B}b\t", "2\n"), (["-c"], "ö", "2\n"), (["-cl"], "a\n", "      1       2\n"),
            (["-w", "-c"], "a\n", "      1       2\n"),
        ])
    func numbers(words: [String], input: String, output: String) async {
        let call = FakeCall(["count"] + words, input: input.isEmpty ? [] : [Array(input.utf8)])
        plugin.start(call)
        #expect(await call.status() == 0)
        #expect(call.standardOutput == output)
        #expect(call.faults == [])
    }

    @Test("counts a word once that comes in two pieces")
    func pieces() async {
        let call = FakeCall(["count", "-w"], input: ["one t", "wo", " three"].map { Array($0.utf8) })
        plugin.start(call)
        #expect(await call.status() == 0)
        #expect(call.standardOutput == "3\n")
    }

    @Test(
        "agrees with wc on random bytes",
        .enabled(if: isInstalled("wc"), "wc is not installed"), arguments: 0..<8)
    func likeWc(seed: Int) async throws {
        var state = UInt64(seed + 1)
        let bytes = (0..<5000).map { _ -> UInt8 in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return [0x61, 0x20, 0x0A, 0x09, 0x62, 0x0D, 0x2E, 0x0C][Int(state >> 61)]
        }
        let call = FakeCall(["count"], input: [bytes])
        plugin.start(call)
        #expect(await call.status() == 0)
        #expect(call.standardOutput == (try wc(bytes)))
    }

    @Test("refuses words that it does not know", arguments: ["-x", "-lx", "--lines"])
    func usage(word: String) async {
        let call = FakeCall(["count", word])
        plugin.start(call)
        #expect(await call.status() == 2)
        #expect(call.standardError == "count: \"\(word)\" is none of -l, -w and -c\n")
    }

    @Test(
        "counts files and, where there are several, all of them; one that cannot be read is told of, and the next counted"
    )
    func files() async throws {
        let folder = try TemporaryFolder()
        let (one, two) = (folder.path + "/one", folder.path + "/two")
        try Data("a b\n".utf8).write(to: URL(filePath: one))
        try Data("c".utf8).write(to: URL(filePath: two))
        let call = FakeCall(["count", "-lc", "--", one, folder.path + "/none", "-", two], input: [Array("d\n".utf8)])
        plugin.start(call)
        #expect(await call.status() == 1)
        #expect(
            call.standardOutput
                == "      1       4 \(one)\n      1       2 -\n      0       1 \(two)\n      2       7 total\n")
        #expect(call.standardError == "count: \(folder.path)/none: No such file or directory\n")
        #expect(call.faults == [])
    }

    @Test("ends with 130 when it is cancelled while it waits")
    func cancelled() async {
        let call = FakeCall(["count"], isOpen: true)
        plugin.startOnThread(call)
        await call.waits(for: FASTDAEMON_EVENT_READABLE)
        call.cancel()
        #expect(await call.status() == 130)
    }

    private func wc(_ bytes: [UInt8]) throws -> String {
        try run("/usr/bin/env", ["LC_ALL=C", "wc"], input: .bytes(bytes)).outputText
    }
}
