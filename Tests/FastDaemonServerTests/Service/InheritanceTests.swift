import TestSupport
import Testing

@testable import FastDaemonServer

@Suite("What a process is started with") struct InheritanceTests {
    private typealias Entry = Inheritance.Entry

    @Test("systemd's sockets have their names in turn, from the third descriptor on")
    func activation() {
        let found = Inheritance(process: "7", count: "3", names: "web:records:", own: 7)
        #expect(
            found.entries == [
                Entry(number: 3, kind: .activated("web")), Entry(number: 4, kind: .activated("records")),
                Entry(number: 5, kind: .activated("unknown")),
            ])
        #expect(Inheritance(process: "7", count: "1", names: nil, own: 7).entries[0].kind == .activated("unknown"))
    }

    @Test("what is for another process, or is no number, is nothing")
    func others() {
        for (process, count) in [("8", "1"), (nil, "1"), ("7", nil), ("7", "0"), ("7", "-1"), ("7", "many"), ("", "1")]
        {
            #expect(Inheritance(process: process, count: count, names: nil, own: 7).entries == [])
        }
    }

    @Test("a daemon says to its successor what that one reads")
    func handOver() {
        let entries = [
            Entry(number: 9, kind: .predecessor), Entry(number: 5, kind: .bound), Entry(number: 6, kind: .lock),
            Entry(number: 12, kind: .activated("a name = with signs")),
        ]
        let text = Inheritance(entries).text(parent: 7)
        #expect(text == "7:9=predecessor:5=bound:6=lock:12=activated=a name = with signs")
        #expect(Inheritance(text: text, parent: 7).entries == entries)
        #expect(Inheritance(text: text, parent: 8).entries == [], "it was said to another process")
    }

    @Test(
        "what makes no sense is passed over", arguments: ["", "7", "7:", "7:x=bound", "7:1=bound", "7:5", "7:5=other"])
    func nonsense(text: String) {
        #expect(Inheritance(text: text, parent: 7).entries == [])
    }

    @Test("a program is found by its path, or on the search path")
    func program() throws {
        #expect(ProgramPath.find("/opt/x/fastdaemond") == "/opt/x/fastdaemond")
        #expect(ProgramPath.find("sh", searchPath: "/nowhere:/bin") == "/bin/sh")
        #expect(ProgramPath.find("no-such-program", searchPath: "/nowhere:/bin") == nil)
        let relative = try #require(ProgramPath.find("./fastdaemond"))
        #expect(relative.hasPrefix("/") && relative.hasSuffix("/./fastdaemond"))
    }
}
