import FoundationEssentials
import TestSupport
import Testing

@Suite("The programs together", .ownThread, .timeLimit(.minutes(3))) struct ProgramTests {
    @Test("The forwarder reaches the daemon on every kind of socket")
    func forwarder() throws {
        let daemon = try RunningDaemon(
            DaemonConfiguration(listen: [
                #"{ "unix": "socket" }"#, #"{ "tcp": "127.0.0.1:0" }"#, #"{ "unixDatagram": "datagrams" }"#,
                #"{ "udp": "127.0.0.1:0" }"#, #"{ "unix": "classic", "protocol": "classic" }"#,
            ]))
        let ways = [
            [daemon.folder.file("socket")], ["\(try daemon.port(of: "tcp"))"],
            ["--dgram", daemon.folder.file("datagrams")],
            ["--dgram", "\(try daemon.port(of: "udp"))"], ["--classic", daemon.folder.file("classic")],
        ]
        for way in ways {
            let echo = try run(builtProgram("fastdaemon_client"), way + ["echo", "hello", "world"])
            #expect(echo.status == .exited(0), "\(way): \(echo.errorText)")
            #expect(echo.outputText == "hello world\n", "\(way)")
            let count = try run(
                builtProgram("fastdaemon_client"), way + ["count", "-c"], input: .bytes(Array("éé".utf8)))
            #expect(count.outputText == "4\n", "\(way)")
        }
    }

    @Test("Words go through the forwarder and the daemon as they were given")
    func quoting() throws {
        let daemon = try RunningDaemon()
        let words = ["a  b", "", "it's", #""quoted""#, #"back\slash"#, "$HOME `id` $(id)", "new\nline", "*", "é", "-n"]
        let result = try run(builtProgram("fastdaemon_client"), [daemon.folder.file("socket"), "echo"] + words)
        #expect(result.outputText == words.joined(separator: " ") + "\n")
    }

    @Test("The forwarder without a command shows the daemon's help")
    func help() throws {
        let daemon = try RunningDaemon()
        let result = try run(builtProgram("fastdaemon_client"), [daemon.folder.file("socket")], input: .closed)
        #expect(result.outputText.hasPrefix("Commands:\n"))
    }

    private struct Report: Decodable {
        var requests: Int
        var failed: Int
    }

    @Test("The load generator finds no error, on any socket, pipelined or not")
    func bench() throws {
        let daemon = try RunningDaemon(
            DaemonConfiguration(listen: [#"{ "unix": "socket" }"#, #"{ "tcp": "127.0.0.1:0" }"#]))
        for port in [daemon.folder.file("socket"), "\(try daemon.port(of: "tcp"))"] {
            for depth in ["1", "16"] {
                let result = try run(
                    builtProgram("fastdaemon_bench"),
                    ["--json", "--connections", "10", "--pipeline", depth, "--requests", "4000", port, "echo", "hi"])
                #expect(result.status == .exited(0), "\(result.errorText)")
                let report = try JSONDecoder().decode(Report.self, from: Data(result.output))
                #expect(report.requests == 4000)
                #expect(report.failed == 0)
            }
        }
    }
}
