import Foundation
import TestSupport
import Testing

@Suite("Bytes that are no good records", .ownThread, .timeLimit(.minutes(3))) struct RecordTests {
    @Test("A stream that ends inside a record gets an error that says so, and is closed")
    func truncated() throws {
        let daemon = try RunningDaemon()
        for length in [3, 6, 10, 14] {
            let peer = try daemon.connect()
            try peer.send(Array(recordBytes("echo hi", "input").prefix(length)))
            peer.finishSending()
            let reply = try peer.receiveReply()
            #expect(reply.output == "")
            #expect(reply.errors.contains("fastdaemond: not a record: the record ended early"), "\(length): \(reply)")
            #expect(try peer.receiveToEnd() == [])
        }
        #expect(try daemon.ask("echo on") == Reply("on\n"))
    }

    @Test("A declared length over the limit is answered at once, with an error, and takes no memory")
    func oversized() throws {
        let daemon = try RunningDaemon()
        _ = try daemon.ask("echo warm")
        let before = daemon.residentBytes
        for _ in 0..<50 {
            let peer = try daemon.connect()
            try peer.send([0xFF, 0xFF, 0xFF, 0xFF])
            let reply = try peer.receiveReply()
            #expect(reply.output == "")
            #expect(reply.errors.contains("4294967295 bytes"))
            #expect(reply.errors.contains("limit is 1048576"))
            #expect(try peer.receiveToEnd() == [])
        }
        #expect(daemon.residentBytes - before < 4 << 20)
    }

    @Test("A second string that goes over the limit together with the first is refused")
    func oversizedTogether() throws {
        let daemon = try RunningDaemon(DaemonConfiguration(limits: ["recordBytes": 64]))
        #expect(try daemon.ask("echo", input: String(repeating: "x", count: 60)).output.count == 60)
        let peer = try daemon.connect()
        let reply = try peer.ask("echo", input: String(repeating: "x", count: 61))
        #expect(reply.errors.contains("65 bytes, and the limit is 64"), "\(reply)")
        #expect(try peer.receiveToEnd() == [])
    }

    @Test("Garbage is answered with an error and the end, even from a peer that goes on sending")
    func garbage() throws {
        let daemon = try RunningDaemon()
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<30 {
            let peer = try daemon.connect()
            // A first byte of 0x80 or more declares two thousand million bytes; 0xFD begins a session.
            let noise =
                [UInt8.random(in: 0x80...0xFC)] + (0..<5000).map { _ in UInt8.random(in: 0...255, using: &generator) }
            try peer.send(noise)
            _ = peer.sendWithoutWaiting(noise)
            #expect(try peer.receiveReply().errors.contains("not a record"))
            #expect(try peer.receiveToEnd() == [])
        }
        let flood = try daemon.connect()
        #expect(throws: RawPeer.Failure.self, "the daemon takes garbage for ever") {
            while true { try flood.send([UInt8](repeating: 0xFF, count: 1 << 16)) }
        }
        #expect(try daemon.ask("echo on") == Reply("on\n"))
    }

    @Test("Strings that are not UTF-8 are refused, and the message says where")
    func notUTF8() throws {
        let daemon = try RunningDaemon()
        let line = try daemon.connect()
        try line.send([0, 0, 0, 6] + Array("echo \u{0}".utf8.dropLast()) + [0xE9, 0, 0, 0, 0])
        #expect(try line.receiveReply().errors.contains("byte offset 5"))
        #expect(try line.receiveToEnd() == [])
        let input = try daemon.connect()
        try input.send(Array(recordBytes("echo").dropLast(4)) + [0, 0, 0, 3, 0x61, 0xC3, 0x28])
        #expect(try input.receiveReply().errors.contains("byte offset 1"))
        #expect(try input.receiveToEnd() == [])
    }

    @Test("Good requests before a bad one are answered, in order, before the error")
    func goodBeforeBad() throws {
        let daemon = try RunningDaemon()
        let peer = try daemon.connect()
        try peer.send(recordBytes("wait 0.2") + recordBytes("echo second") + [0xFF, 0xFF, 0xFF, 0xFF])
        #expect(try peer.receiveReply() == Reply("waited 0.2\n"))
        #expect(try peer.receiveReply() == Reply("second\n"))
        #expect(try peer.receiveReply().errors.contains("not a record"))
        #expect(try peer.receiveToEnd() == [])
    }

    @Test("A command line that is empty, or whose quote does not close, is an error, and the connection goes on")
    func commandLines() throws {
        let daemon = try RunningDaemon()
        let peer = try daemon.connect()
        for line in ["", "  \t "] {
            #expect(
                try peer.ask(line).errors
                    == "fastdaemond: the command line is empty: its first word has to name a command\n")
        }
        #expect(try peer.ask("echo 'half").errors.contains("at byte offset 5 of the command line does not close"))
        #expect(try peer.ask("echo half\\").errors.contains("backslash"))
        #expect(try peer.ask("echo a\u{0}b").errors.contains("NUL"))
        #expect(try peer.ask(#"echo "two  words" 'and $HOME' \* "#) == Reply("two  words and $HOME *\n"))
    }

    @Test("An unknown command is told near names, and control characters in it stay text")
    func unknown() throws {
        let daemon = try RunningDaemon()
        let peer = try daemon.connect()
        #expect(
            try peer.ask("ecko hi")
                == Reply(
                    "",
                    errors: "fastdaemond: there is no command 'ecko'; did you mean 'echo'? 'help' lists all of them\n"))
        #expect(
            try peer.ask("zzzzzz").errors == "fastdaemond: there is no command 'zzzzzz'; 'help' lists all of them\n")
        #expect(!(try peer.ask("'\u{1B}[2J'").errors.contains("\u{1B}")))
    }

    @Test("Every byte of a request may come alone")
    func bytewise() throws {
        let daemon = try RunningDaemon()
        let peer = try daemon.connect()
        for byte in recordBytes("count", "a\nb\n") { try peer.send([byte]) }
        #expect(try peer.receiveReply() == Reply("      2       2       4\n"))
    }

    @Test("A request of the largest size works, by either string")
    func largest() throws {
        let daemon = try RunningDaemon()
        let peer = try daemon.connect()
        let input = String(repeating: "é", count: (1 << 19) - 2)
        #expect(try peer.ask("echo", input: input) == Reply(input))
        let words = String(repeating: "w", count: (1 << 20) - 5)
        #expect(try peer.ask("echo \(words)") == Reply("\(words)\n"))
    }
}
