import FastDaemonServer
import Testing

@Suite("The daemon's options") struct DaemonOptionsTests {
    private static func problem(_ words: [String]) -> DaemonOptions.Problem? {
        #expect(throws: DaemonOptions.Problem.self) { try DaemonOptions(words) }
    }

    @Test(
        "say what is to be done",
        arguments: [
            ([], .serve), (["--check"], .check), (["--help"], .help), (["-h"], .help), (["--version"], .version),
            (["--version", "--check"], .version), (["--check", "--version"], .version),
            (["--help", "--version"], .help), (["--version", "--help"], .help),
        ] as [([String], DaemonOptions.Action)])
    func action(words: [String], action: DaemonOptions.Action) throws {
        #expect(try DaemonOptions(words).action == action)
    }

    @Test("name the config in any of three ways", arguments: [["--config", "f"], ["-c", "f"], ["--config=f"]])
    func configuration(words: [String]) throws {
        let options = try DaemonOptions(["--check"] + words)
        #expect(options.configuration == "f")
        #expect(options.action == .check)
    }

    @Test("that want a file are wrong without one", arguments: [["--config"], ["-c"], ["--config="], ["-c", ""]])
    func lacksFile(words: [String]) {
        #expect(Self.problem(words) == .lacksFile)
    }

    @Test("that are unknown are answered with those that are near")
    func unknown() {
        #expect(Self.problem(["--chek"])?.description == "there is no option --chek; did you mean '--check'?")
        #expect(Self.problem(["-x"])?.description == "there is no option -x")
    }

    @Test("are not words without a dash")
    func surplus() {
        #expect(Self.problem(["serve"])?.description == "nothing can be done with the word \"serve\"")
    }
}
