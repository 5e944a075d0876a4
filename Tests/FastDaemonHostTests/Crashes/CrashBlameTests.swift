import Testing

@testable import FastDaemonHost

@Suite("Who is to blame for a crash") struct CrashBlameTests {
    private static func blame(_ number: Int, signal: Int32 = 11) -> CrashBlame {
        let text = CrashBlame.text(
            plugin: "p", command: "c", libraryPath: "/plugins/lib\(number).so", digest: "ab\(number)")
        return CrashBlame(text, signal: signal)!
    }

    @Test("What was noted comes out again")
    func notes() throws {
        let text = CrashBlame.text(plugin: "größer", command: "", libraryPath: "/a b", digest: "00")
        let blame = try #require(CrashBlame(text, signal: 6))
        #expect((blame.plugin, blame.command, blame.libraryPath, blame.digest) == ("größer", "", "/a b", "00"))
        #expect(blame.description == "its start ended the daemon by SIGABRT")
        #expect(Self.blame(1, signal: 0).description == "its command c ended the daemon by exit()")
        let stuck = "its command c held up an event loop until SIGABRT ended the daemon"
        #expect(Self.blame(1, signal: -6).description == stuck)
    }

    @Test("What is not of that form is nobody's fault")
    func broken() {
        for text in ["", "a", "a\0b\0c\0", "a\0b\0c\0d", "a\0b\0c\0d\0e\0"] {
            #expect(CrashBlame(Array(text.utf8), signal: 11) == nil, "\(text.debugDescription)")
        }
        let hostile = CrashBlame(Array("a\u{1B}[2J\0c\0/l\0d\0".utf8), signal: 11)
        #expect(hostile?.plugin == #"a\u{1B}[2J"#)
    }

    @Test("A list comes out as it was kept; of one that was cut short, what was whole")
    func lists() {
        let list = (0..<5).map { Self.blame($0, signal: Int32($0 - 2)) }
        let bytes = CrashBlame.bytes(of: list)
        #expect(CrashBlame.list(in: bytes) == list)
        for count in 0..<bytes.count {
            let kept = CrashBlame.list(in: Array(bytes.prefix(count)))
            #expect(kept == Array(list.prefix(kept.count)) && kept.count < list.count)
        }
    }

    @Test("A version of a library is in a list once, and the newest are kept")
    func growth() {
        var list: [CrashBlame] = []
        for number in 0..<100 { list = CrashBlame.list(list, adding: Self.blame(number)) }
        #expect(list.count == 64)
        #expect(list.last == Self.blame(99))
        list = CrashBlame.list(list, adding: Self.blame(80, signal: 6))
        #expect(list.count == 64)
        #expect(list.filter { $0.libraryPath == "/plugins/lib80.so" }.map(\.signal) == [6])
    }
}
