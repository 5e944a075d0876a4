import Foundation
import TestSupport
import Testing

@Suite("The options of the forwarder")
struct OptionTests {
    private func expectUsage(_ words: [String], _ text: String) throws {
        let result = try run(builtProgram("fastdaemon_client"), words)
        #expect(result.status == .exited(64))
        #expect(result.errorText == "fastdaemon_client: \(text); see fastdaemon_client --help\n")
        #expect(result.output.isEmpty)
    }

    @Test(
        "values of --timeout that are no number of seconds",
        arguments: ["", ".", "x", "-1", "+1", "1s", "1,5", "1e3", "1.2.3", " 1"])
    func noNumber(value: String) throws {
        for words in [["--timeout", value], ["--timeout=\(value)"]] {
            try expectUsage(
                words + ["9998", "x"],
                "--timeout takes seconds such as 2 or 0.5, and \"\(value)\" is no such number")
        }
    }

    @Test("a --timeout of nothing", arguments: ["0", "0.0", ".000", "00"])
    func nothing(value: String) throws {
        try expectUsage(
            ["--timeout", value, "9998", "x"], "--timeout takes more than 0 seconds; without it there is no limit")
    }

    @Test("a --timeout that is too long", arguments: ["4294967", "4294967.0", "99999999999999999999999999"])
    func tooLong(value: String) throws {
        try expectUsage(
            ["--timeout", value, "9998", "x"], "--timeout takes less than 4294967 seconds; without it there is no limit"
        )
    }

    @Test(
        "a --timeout that can be sent gets as far as the daemon's address",
        arguments: ["4294966.999", "0.0001", "1.", ".5"])
    func good(value: String) throws {
        let result = try client("--timeout", value, "/nonexistent/socket", "x")
        #expect(result.status == .exited(69), "\(result.errorText)")
    }

    @Test(
        "what only a session carries does not go with a record",
        arguments: [
            (["--record"], "--record sends one"), (["--classic"], "--classic sends a record"),
            (["--dgram"], "--dgram sends a record"), (["--dgram", "--record"], "--dgram sends a record"),
        ])
    func onlyOfSessions(form: [String], reason: String) throws {
        let (time, variables) = (["--timeout", "1"], ["--env", "A"])
        for words in [time + form, form + time] {
            try expectUsage(
                words + ["9998", "x"], "--timeout is for sessions: a record cannot carry a time limit, and \(reason)")
        }
        try expectUsage(
            variables + form + ["9998", "x"], "--env is for sessions: a record cannot carry variables, and \(reason)")
    }

    @Test(
        "options that lack a value, or have one too many",
        arguments: [
            (["--timeout"], "--timeout needs a number of seconds"),
            (["--env"], "--env needs the name of an environment variable"),
            (["--start=yes", "9998"], "--start takes no value"),
            (["--dgram=", "9998"], "--dgram takes no value"),
            (["--env", "", "9998"], "--env takes the name of an environment variable, and \"\" is none"),
            (["--env=A=b", "9998"], "--env takes the name of an environment variable, and \"A=b\" is none"),
            (["--or-exec", "9998"], "--or-exec needs a command, to run it where no daemon can be reached"),
            (["--or-exec", "9998", "--"], "--or-exec needs a command, to run it where no daemon can be reached"),
        ])
    func values(words: [String], text: String) throws {
        try expectUsage(words, text)
    }
}
