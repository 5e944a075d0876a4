import FastDaemonHost
import Testing

@testable import FastDaemonServer

@Suite("A line of the log") struct LogLineTests {
    @Test(
        "cannot be made by a value to say more than it does",
        arguments: [
            ("echo", "echo"), ("uid 0 pid 1", #""uid 0 pid 1""#), ("", #""""#), ("a=b", #""a=b""#),
            (#"foo" status=0 peer="uid 0 pid 1"#, #""foo\" status=0 peer=\"uid 0 pid 1""#), (#"a\"#, #""a\\""#),
        ])
    func quoting(value: String, shown: String) {
        let line = Log.Line(.info, "call", [("command", .text(value)), ("status", .number(7))]).plain
        #expect(line.hasSuffix(" info: call command=\(shown) status=7\n"))
    }

    @Test("names a command of any length in as many bytes as names have")
    func longNames() {
        #expect(Printable.name(String(repeating: "b", count: 255)).utf8.count == 255)
        #expect(Printable.name(String(repeating: "b", count: 100_000)) == String(repeating: "b", count: 255) + "...")
        #expect(Printable.name("a\nb") == "a\\nb")
    }
}
