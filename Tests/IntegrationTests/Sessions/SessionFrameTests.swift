import Foundation
import TestSupport
import Testing

@Suite("Sessions: frames and versions", .ownThread, .timeLimit(.minutes(3))) struct SessionFrameTests {
    @Test("The page's example, byte for byte")
    func example() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let peer = try daemon.rawSession()
        try peer.raw.send(
            [0xFD, 0, 0, 0x0C, 1, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0]
                + [1, 0, 0, 8, 0x65, 0x63, 0x68, 0x6F, 0, 0x68, 0x69, 0]
                + [2, 0, 0, 7, 0x4C, 0x41, 0x4E, 0x47, 0x3D, 0x43, 0]
                + [3, 0, 0, 4, 0x2F, 0x74, 0x6D, 0x70]
                + [4, 0, 0, 5, 7, 0, 0x50, 0, 0x18]
                + [6, 0, 0, 0])
        var answer = try peer.raw.receiveToEnd()
        #expect(answer.count == 16 + 7 + 14)
        // The number of the call.
        answer.replaceSubrange(29..<37, with: [0, 0, 0, 0, 0, 0, 0, 0x11])
        #expect(
            answer == [0xFD, 0, 0, 0x0C, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
                + [0x21, 0, 0, 3, 0x68, 0x69, 0x0A]
                + [0x24, 0, 0, 0x0A, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x11])
    }

    @Test("Every byte may come alone", arguments: ["cat", "echo"])
    func bytewise(command: String) throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let peer = try daemon.rawSession()
        let request = RawRequest(command).with(\.directory, "/tmp").with(\.environment, ["A=B"])
        for byte in request.bytes { try peer.raw.send([byte]) }
        try peer.receiveHello()
        for line in ["one\n", "two\n", "three\n", ""] {
            try peer.sendInput(line, byteByByte: true)
            try peer.receive(text: line)
        }
        #expect(try peer.receiveEnd().status == 0)
    }

    @Test("A request, its input and a signal may come at once, as far as they are asked for")
    func atOnce() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let peer = try daemon.rawSession()
        try peer.raw.send(RawRequest("hold").bytes + Frame.signal(15).bytes + Frame.credit(1).bytes)
        try peer.receiveHello()
        let outcome = try peer.finish()
        #expect(outcome.end.verdict == .completed, "\(outcome.end)")
        #expect(outcome.end.status == 143)
    }

    @Test("The frames of the request come in any order")
    func anyOrder() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let frames: [Frame] = [
            .arguments("inspect"), .environment("A=B"), .directory("/tmp"), .terminals(7, columns: 9, rows: 8),
            .timeout(milliseconds: 60_000),
        ]
        for turn in frames.indices {
            let peer = try daemon.rawSession()
            let turned = Array(frames[turn...] + frames[..<turn])
            try peer.raw.send(([.clientHello()] + turned + [.run]).flatMap(\.bytes))
            try peer.receiveHello()
            let outcome = try peer.finish()
            for line in ["directory=/tmp", "environment=A=B", "terminal1=0 1 9x8"] {
                #expect(outcome.outputText.contains("\(line)\n"), "\(line): \(outcome.outputText)")
            }
            #expect(!outcome.outputText.contains("deadline=0\n"))
        }
    }

    @Test("Frames that a later version may send are skipped, wherever they stand")
    func skipped() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let peer = try daemon.rawSession()
        let longest = Frame(0xA0, .init(repeating: 1, count: 65_536))
        try peer.send(.clientHello(), Frame(0x80), .arguments("cat"), Frame(0xFC, [1]), longest, .run)
        try peer.receiveHello()
        try peer.waitForPull()
        for type: UInt8 in 0x80...0xFC { try peer.send(Frame(type, [type])) }
        try peer.sendInput("in")
        try peer.send(longest)
        try peer.receive(text: "in")
        #expect(try peer.finish().summary == "||completed 0")
    }

    @Test("A newer minor version, capabilities that nobody knows, and a longer HELLO change nothing")
    func newer() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let hellos: [Frame] = [
            .clientHello(minor: 9), .clientHello(minor: 255), .clientHello(capabilities: .max),
            .clientHello(zero: [7, 7]), .clientHello(more: [1]),
            .clientHello(minor: 1, capabilities: 5, more: .init(repeating: 0xFF, count: 243)),
        ]
        for hello in hellos {
            let peer = try daemon.rawSession()
            try peer.send(hello, .arguments("exit", "9"), .run)
            try peer.receiveHello()
            #expect(try peer.receiveEnd().status == 9)
        }
    }

    @Test("Another major version is told so, by the two frames that never change", arguments: [0, 2, 255] as [UInt8])
    func otherMajor(major: UInt8) throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration())
        let hellos: [Frame] = [
            .clientHello(major: major), .clientHello(major: major, more: .init(repeating: 9, count: 243)),
        ]
        for hello in hellos {
            let peer = try daemon.rawSession()
            // What follows is of a version that nobody here knows.
            try peer.raw.send(hello.bytes + [0x55, 1, 2, 3, 4])
            try peer.receiveHello()
            let end = try peer.receiveEnd()
            #expect(end.verdict == .unsupported)
            #expect(end.status == 76)
        }
        #expect(try daemon.run("exit", "4").end.status == 4)
    }

    @Test("A datagram is no session")
    func datagram() throws {
        let daemon = try RunningDaemon(forSessions: DaemonConfiguration(listen: [#"{ "udp": "127.0.0.1:0" }"#]))
        let peer = try RawPeer(udp: daemon.port(of: "udp"))
        try peer.send(RawRequest("echo", "hi").bytes)
        #expect(try peer.receiveDatagram().errors.contains("not a record"))
    }

    @Test(
        "One listener serves records and sessions, each connection by its first byte",
        arguments: ["socket", "classic"])
    func bothProtocols(socket: String) throws {
        let daemon = try RunningDaemon(
            forSessions: DaemonConfiguration(listen: [
                #"{ "unix": "socket" }"#, #"{ "unix": "classic", "protocol": "classic" }"#,
            ]))
        let record = socket == "classic" ? recordBytes("", "echo hi") : recordBytes("echo hi")
        let before = try daemon.connect(socket)
        try before.send(record)
        #expect(try before.receiveReply() == Reply("hi\n"))
        let running = try daemon.session(RawRequest("cat"), on: socket)
        #expect(try daemon.run(RawRequest("echo", "a  b"), on: socket).summary == "a  b\n||completed 0")
        // One violation, one refusal: the next ones are served all the same.
        let bad = try daemon.rawSession(socket)
        try bad.send(.clientHello(), .clientHello())
        try bad.receiveHello()
        #expect(try bad.receiveEnd().verdict == .violation)
        try before.send(record)
        #expect(try before.receiveReply() == Reply("hi\n"))
        let after = try daemon.connect(socket)
        try after.send(record)
        #expect(try after.receiveReply() == Reply("hi\n"))
        #expect(try running.finish(input: Array("still\n".utf8)).outputText == "still\n")
        // A session is no record: one that begins on a connection for records gets a record's answer.
        try after.send(Frame.clientHello().bytes)
        #expect(try after.receiveReply().errors.contains("not a record"))
        let client = try TestSupport.run(
            builtProgram("fastdaemon_client"),
            [socket == "classic" ? "--classic" : "--record", daemon.folder.file(socket), "echo", "hi"])
        #expect(client.outputText == "hi\n", "\(client.errorText)")
    }
}
