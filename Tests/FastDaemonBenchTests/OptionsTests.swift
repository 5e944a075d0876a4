import Foundation
import Testing

@testable import fastdaemon_bench

@Suite("The words on the command line")
struct OptionsTests {
    @Test("an integer is a port, anything else the path of a Unix socket")
    func addresses() throws {
        #expect(try parsed("9998").port == .number(9998))
        #expect(try parsed("fastdaemon.sock").port == .unix("fastdaemon.sock"))
        #expect(try parsed("./9998").port == .unix("./9998"))
        #expect(problem("0") == "port 0 is not from 1 to 65535")
        #expect(problem("70000") == "port 70000 is not from 1 to 65535")
    }

    @Test("options after the port belong to the command, and one '--' right after it is dropped")
    func command() throws {
        #expect(try parsed("-c", "3", "9998", "echo", "-c", "4").words == ["echo", "-c", "4"])
        #expect(try parsed("-c", "3", "9998", "echo", "-c", "4").connections == 3)
        #expect(try parsed("9998", "--", "echo", "--", "x").words == ["echo", "--", "x"])
    }

    @Test("without a command, echo gets 16 bytes of input; with one, none unless asked for")
    func payload() throws {
        #expect(try parsed("9998").words == ["echo"])
        #expect(try parsed("9998").payloadBytes == 16)
        #expect(try parsed("9998", "echo", "hi").payloadBytes == 0)
        #expect(try parsed("-d", "0", "9998").payloadBytes == 0)
        #expect(try parsed("--payload=70", "9998", "count").payloadBytes == 70)
    }

    @Test("every option sets what it names")
    func everyOption() throws {
        let options = try parsed(
            "--connections", "7", "--pipeline=3", "--idle", "9", "--duration", "1.5", "--rate", "250.5", "--warmup",
            "0",
            "--timeout", "2", "--host", "::1", "--classic", "--pid", "42", "--json", "--quiet", "9998")
        var expected = Options()
        expected.port = .number(9998)
        (expected.connections, expected.pipeline, expected.idleConnections) = (7, 3, 9)
        (expected.length, expected.rate, expected.warmupPercent) = (.seconds(1.5), 250.5, 0)
        (expected.timeout, expected.host, expected.isClassic) = (2, "::1", true)
        (expected.processID, expected.isJSON, expected.isQuiet) = (42, true, true)
        #expect(options == expected)
        #expect(try parsed("-n", "10", "9998").length == .requests(10))
        #expect(try parsed("--reconnect", "9998").reconnects)
        #expect(try parsed("--dgram", "9998").isDatagram)
    }

    @Test("each protocol has a request of its own where no command is named")
    func protocols() throws {
        #expect(try parsed("--protocol", "redis", "x").words == ["echo"])
        #expect(try parsed("--protocol", "redis", "x").payloadBytes == 16)
        #expect(try parsed("--protocol", "http", "x").words == ["/"])
        #expect(try parsed("--protocol", "http", "x").payloadBytes == 0)
        #expect(try parsed("--protocol", "memcached", "x", "get", "key").words == ["get", "key"])
        #expect(try parsed("--protocol", "fastcgi", "x").words == [])
        #expect(try parsed("--protocol", "raw", "x").payloadBytes == 16)
        #expect(problem("--protocol", "gopher", "x")?.hasPrefix("--protocol takes one of record, redis, ") == true)
    }

    @Test("what is expected of an echo is its words, or its payload")
    func expectations() throws {
        #expect(try parsed("x").expectedContent == nil)
        #expect(try parsed("--verify", "-d", "2", "x").expectedContent == Array("xx".utf8))
        #expect(try parsed("--verify", "x", "echo", "a", "b").expectedContent == Array("a b\n".utf8))
        #expect(try parsed("--verify", "--protocol", "memcached", "x").expectedContent == [])
    }

    @Test("help and version are found before the port")
    func helpAndVersion() throws {
        #expect(try Options.parse(["-h"]) == .help)
        #expect(try Options.parse(["-c", "5", "--help"]) == .help)
        #expect(try Options.parse(["--version", "9998"]) == .version)
        #expect(try parsed("9998", "-h").words == ["-h"])
    }

    @Test("what is wrong is named")
    func problems() {
        #expect(problem() == "which daemon? Name its port or the path of its Unix socket")
        #expect(problem("--bogus", "9998") == "there is no option --bogus")
        #expect(problem("-c") == "-c takes a value, and none follows")
        #expect(problem("-c", "0", "9998") == "-c takes an integer from 1 to 1000000, not '0'")
        #expect(problem("--rate", "fast", "9998") == "--rate takes a number from 0.001 to 100000000, not 'fast'")
        #expect(problem("--rate", "nan", "9998") == "--rate takes a number from 0.001 to 100000000, not 'nan'")
        #expect(problem("--json=yes", "9998") == "--json takes no value")
        #expect(problem("--", "9998") == "'--' stands after the port, not before it")
    }

    @Test(
        "options that contradict one another are refused",
        arguments: [
            ["--host", "localhost", "some.sock"], ["--dgram", "--reconnect", "9998"],
            ["--dgram", "--idle", "3", "9998"],
            ["--reconnect", "-P", "2", "9998"],
            ["--protocol", "http", "--dgram", "9998"], ["--protocol", "redis", "--classic", "9998"],
            ["--protocol", "http", "9998", "/a", "/b"], ["--protocol", "fastcgi", "9998", "echo"],
            ["--protocol", "raw", "9998", "echo"], ["--protocol", "raw", "-d", "0", "9998"],
        ])
    func contradictions(arguments: [String]) {
        #expect(throws: UsageError.self) { try Options.parse(arguments) }
    }

    @Test("the help shows every option")
    func help() {
        for name in OptionEntry.all.flatMap(\.names) + ["-h", "--version"] {
            #expect(Options.help.contains("\(name)"))
        }
    }

    @Test("the manual page describes every option")
    func manual() throws {
        let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Sources/fastdaemon_bench/fastdaemon_bench.1")
        let text = try String(contentsOf: page, encoding: .utf8).replacingOccurrences(of: "\\-", with: "-")
        for name in OptionEntry.all.flatMap(\.names) + ["-h", "--help", "--version"] {
            #expect(text.contains(name))
        }
    }

    private func parsed(_ arguments: String...) throws -> Options {
        guard case .run(let options) = try Options.parse(arguments) else {
            throw UsageError(reason: "not a run")
        }
        return options
    }

    private func problem(_ arguments: String...) -> String? {
        do throws(UsageError) {
            _ = try Options.parse(arguments)
            return nil
        } catch {
            return error.reason
        }
    }
}
