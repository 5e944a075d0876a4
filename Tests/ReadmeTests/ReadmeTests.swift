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

    @Test("a handler in Swift, in a package of its own, is built, dropped in, listed and called")
    func swiftHandler() throws {
        try clone.write("hello/Package.swift", "hello/Sources/Hello/Hello.swift")
        try clone.startDaemon()
        try clone.check("hello")
        try clone.list(readme.blocks("insert=plugins")[0].lines[0])
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
        try clone.list(readme.blocks("insert=plugins")[1].lines[0])
        #expect(try clone.stopDaemon().status == .exited(0))
        try clone.startDaemon()
        try clone.check("call-shout")
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
