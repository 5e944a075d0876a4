import Foundation
import TestSupport
import Testing

/// What the README shows is what happens.
@Suite("The README") struct ReadmeTests {
    private let readme: Readme
    private let clone: Clone

    init() throws {
        readme = try Readme()
        clone = try Clone(of: readme)
    }

    @Test("every block says what is to be done with it, and these tests do it")
    func marks() {
        let used: Set = [
            "", "daemon=try", "session=try", "file=hello/Package.swift", "file=hello/Sources/Hello/Hello.swift",
            "session=hello", "insert=plugins", "session=check", "session=call-hello", "file=shout.c", "session=shout",
            "session=call-shout", "session=shell", "session=status", "log", "message", "insert=listen", "install",
        ]
        #expect(Set(readme.blocks.map(\.mark)) == used)
        // The drawing of the way of a request.
        #expect(readme.blocks.filter(\.mark.isEmpty).count == 1)
    }

    @Test("make run prints the line to type, and the commands do what is shown")
    func firstSession() throws {
        try clone.startDaemon()
        try clone.check("try")
        try clone.check("status")
        let result = try clone.stopDaemon()
        let shown = try readme.block("daemon=try").lines.dropFirst().map { $0 + "\n" }.joined()
        #expect(result.status == .exited(0))
        #expect(matches(result.outputText, shown: shown), "\(result.outputText)")
    }

    @Test("a command works as in a shell of one's own")
    func shell() throws {
        try clone.startDaemon()
        try clone.check("shell")
        #expect(try clone.stopDaemon().status == .exited(0))
    }

    @Test("a handler in Swift, in a package of its own, is built, dropped in, listed and called")
    func swiftHandler() throws {
        try clone.write("hello/Package.swift", "hello/Sources/Hello/Hello.swift")
        try clone.startDaemon()
        try clone.check("hello")
        try clone.insert(readme.blocks("insert=plugins")[0].lines[0], into: "plugins")
        #expect(try clone.stopDaemon().status == .exited(0))
        try clone.check("check")
        try clone.startDaemon()
        try clone.check("call-hello")
        #expect(try clone.stopDaemon().status == .exited(0))
    }

    @Test("a handler in C is built, dropped in, listed and called")
    func cHandler() throws {
        try clone.write("shout.c")
        try clone.startDaemon()
        try clone.check("shout")
        try clone.insert(readme.blocks("insert=plugins")[1].lines[0], into: "plugins")
        try clone.check("call-shout")
        #expect(try clone.stopDaemon().status == .exited(0))
    }

    @Test("the listener for programs of the Python original takes their requests")
    func classicListener() throws {
        let line = try readme.block("insert=listen").lines[0].replacing("127.0.0.1:9999", with: "127.0.0.1:0")
        try clone.insert(line, into: "listen")
        try clone.startDaemon()
        let classic = try #require(clone.addresses.first { $0.hasSuffix(" (classic)") })
        let port = try #require(classic.firstMatch(of: /:(\d+) \(classic/)?.1)
        let result = try run(
            builtProgram("fastdaemon_client"), ["--classic", String(port), "count", "-c"], input: .bytes([1]))
        #expect(result.outputText == "1\n")
        #expect(try clone.stopDaemon().status == .exited(0))
    }

    @Test("at the level info a call writes the line that is shown")
    func accessLine() throws {
        try clone.edit("config/fastdaemon.json") {
            $0.replacing(#""level": "notice""#, with: #""level": "info""#)
        }
        try clone.startDaemon()
        let result = try run(
            builtProgram("fastdaemon_client"), [clone.path + "/config/fastdaemon.sock", "wait", "0"])
        #expect(result.outputText == "waited 0\n")
        let log = try clone.stopDaemon().errorText.split(separator: "\n").map(String.init)
        let shown = try readme.block("log").lines[0]
        #expect(log.contains { matches($0, shown: shown) }, "\(log)")
    }

    @Test("make run takes away what the daemon would refuse in a clone of somebody whose umask is 002")
    func groupWritableClone() throws {
        for name in ["", "/config", "/config/fastdaemon.json"] {
            chmod(clone.path + name, name.hasSuffix("json") ? 0o664 : 0o775)
        }
        try clone.startDaemon()
        let result = try clone.stopDaemon()
        #expect(result.status == .exited(0))
        #expect(result.outputText.contains("mode of 'config/fastdaemon.json' changed from 0664"))
    }
}
