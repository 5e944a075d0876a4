import CFastDaemonPlugin
import Testing

@Suite("The echo handler")
struct EchoTests {
    let plugin: LoadedPlugin

    init() throws {
        plugin = try LoadedPlugin(library: "Echo")
    }

    @Test(
        "prints its words",
        arguments: [
            (["a"], "a\n"), (["a b", "", "c"], "a b  c\n"), ([""], "\n"), (["-n", "--"], "-n --\n"), (["ö"], "ö\n"),
        ])
    func words(words: [String], output: String) async {
        let call = FakeCall(["echo"] + words, isOpen: true, isInline: true)
        plugin.start(call)
        #expect(await call.status() == 0)
        #expect(call.standardOutput == output)
        #expect(call.faults == [])
    }

    @Test("prints words longer than a stack")
    func longWords() async {
        let word = String(repeating: "x", count: 1 << 20)
        let call = FakeCall(["echo", word, word], isInline: true)
        plugin.start(call)
        #expect(await call.status() == 0)
        #expect(call.standardOutput == "\(word) \(word)\n")
    }

    @Test("copies its input byte by byte where it has no words")
    func copying() async {
        let bytes = [UInt8](0...255)
        let call = FakeCall(["echo"], input: [bytes, [0], bytes], isInline: true)
        plugin.start(call)
        #expect(await call.status() == 0)
        #expect(call.outputBytes == bytes + [0] + bytes)
        #expect(call.faults == [])
    }

    @Test("copies input as it comes, to a caller that reads slowly")
    func streaming() async {
        let call = FakeCall(["echo"], isOpen: true, room: 2, isInline: true)
        plugin.start(call)
        await call.waits(for: FASTDAEMON_EVENT_READABLE)
        call.deliver(Array("hello".utf8))
        await call.waits(for: FASTDAEMON_EVENT_WRITABLE)
        #expect(call.standardOutput == "he")
        call.makeRoom(1)
        await call.waits(for: FASTDAEMON_EVENT_WRITABLE)
        #expect(call.standardOutput == "hel")
        call.makeRoom(100)
        await call.waits(for: FASTDAEMON_EVENT_READABLE)
        call.endInput()
        #expect(await call.status() == 0)
        #expect(call.standardOutput == "hello")
        #expect(call.faults == [])
    }
}
