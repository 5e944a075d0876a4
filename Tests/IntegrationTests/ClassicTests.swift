import TestSupport
import Testing

@Suite("Classic listeners", .ownThread, .timeLimit(.minutes(3))) struct ClassicTests {
    private static let configuration = DaemonConfiguration(listen: [
        #"{ "unix": "socket" }"#, #"{ "unix": "classic", "protocol": "classic" }"#,
    ])

    /// What the original Python client writes of a string: how many characters it has, then its bytes.
    private func originalBytes(_ string: String) -> [UInt8] {
        withUnsafeBytes(of: UInt32(string.unicodeScalars.count).bigEndian) { Array($0) } + Array(string.utf8)
    }

    @Test("The original client's bytes are answered: standard input first, then the arguments")
    func original() throws {
        let daemon = try RunningDaemon(Self.configuration)
        let peer = try daemon.connect("classic")
        try peer.send(originalBytes("from fastcore.all import *") + originalBytes("echo hello world"))
        #expect(try peer.receiveReply() == Reply("hello world\n"))
        try peer.send(originalBytes("one\ntwo\n") + originalBytes("count -l"))
        #expect(try peer.receiveReply() == Reply("2\n"))
    }

    @Test("Arguments are split at single spaces, and quotes are characters like any other")
    func words() throws {
        let daemon = try RunningDaemon(Self.configuration)
        let peer = try daemon.connect("classic")
        try peer.send(recordBytes("", #"echo "a  b" 'c"#))
        #expect(try peer.receiveReply() == Reply("\"a  b\" 'c\n"))
    }

    @Test("Our own client speaks it, é and all, because it counts bytes")
    func client() throws {
        let daemon = try RunningDaemon(Self.configuration)
        let result = try run(
            builtProgram("fastdaemon_client"), ["--classic", daemon.folder.file("classic"), "echo"],
            input: .bytes(Array("é\n".utf8)))
        #expect(result.status == .exited(0))
        #expect(result.outputText == "é\n")
    }

    @Test(
        "The original's count of characters, wrong for é, ends in an error for that peer alone",
        arguments: ["é", "日本語のテキスト"])
    func wrongCount(text: String) throws {
        let daemon = try RunningDaemon(Self.configuration)
        let other = try daemon.connect("classic")
        try other.send(recordBytes("before", "echo"))
        #expect(try other.receiveReply() == Reply("before"))
        let peer = try daemon.connect("classic")
        try peer.send(originalBytes(text) + originalBytes("echo"))
        peer.finishSending()
        #expect(try peer.receiveReply().errors.contains("not a record"))
        #expect(try peer.receiveToEnd() == [])
        try other.send(recordBytes("after", "echo"))
        #expect(try other.receiveReply() == Reply("after"))
    }

    @Test("A request without a command is answered with an error", arguments: ["", " ", "  echo"])
    func empty(line: String) throws {
        let daemon = try RunningDaemon(Self.configuration)
        let peer = try daemon.connect("classic")
        try peer.send(recordBytes("", line))
        #expect(try peer.receiveReply().errors.hasPrefix("fastdaemond: "))
        try peer.send(recordBytes("", "echo on"))
        #expect(try peer.receiveReply() == Reply("on\n"))
    }
}
