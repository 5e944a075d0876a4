import CFastDaemonPlugin
import Glibc
import Testing

@testable import FastDaemonPluginKit

@Suite("A blocking handler")
struct BlockingCallTests {
    let plugin: LoadedPlugin

    init() throws {
        plugin = try LoadedPlugin(SamplePlugin.self)
    }

    @Test(
        "ends with what it returns or throws",
        arguments: [
            ("status", 3, ""), ("silent", 0, ""), ("fail", 4, "fail: no such thing\n"),
            ("throw", 1, "throw: trouble\n"),
        ])
    func endings(command: String, status: Int32, error: String) async {
        let call = FakeCall([command])
        plugin.start(call)
        #expect(await call.status() == status)
        #expect(call.standardError == error)
        #expect(call.faults == [])
    }

    @Test("reads its input piece by piece, to the end")
    func cat() async {
        let call = FakeCall(["cat"], input: [[0xFF, 0], Array("x\n".utf8)])
        plugin.start(call)
        #expect(await call.status() == 0)
        #expect(call.outputBytes == [0xFF, 0, 0x78, 0x0A])
        #expect(call.faults == [])
    }

    @Test("waits for input that comes later")
    func laterInput() async {
        let call = FakeCall(["cat"], isOpen: true)
        plugin.startOnThread(call)
        await call.waits(for: FASTDAEMON_EVENT_READABLE)
        call.deliver(Array("late".utf8))
        call.endInput()
        #expect(await call.status() == 0)
        #expect(call.standardOutput == "late")
    }

    @Test(
        "reads lines wherever the pieces end",
        arguments: [
            ([""], ""), (["a\nb\n"], "<a>\n<b>\n"), (["a", "b\n", "\nc"], "<ab>\n<>\n<c>\n"), (["\n"], "<>\n"),
            (["ab\ncd", "ef\ng", "\n"], "<ab>\n<cdef>\n<g>\n"),
        ])
    func lines(pieces: [String], output: String) async {
        for command in ["lines", "async-lines"] {
            let call = FakeCall([command], input: pieces.filter { !$0.isEmpty }.map { Array($0.utf8) })
            plugin.start(call)
            #expect(await call.status() == 0)
            #expect(call.standardOutput == output)
        }
    }

    @Test("waits for room where the caller reads slowly")
    func backPressure() async {
        let call = FakeCall(["text"], input: [Array("0123456789".utf8)], room: 4)
        plugin.startOnThread(call)
        await call.waits(for: FASTDAEMON_EVENT_WRITABLE)
        #expect(call.standardOutput == "0123")
        call.makeRoom(6)
        #expect(await call.status() == 0)
        #expect(call.standardOutput == "0123456789")
    }

    @Test("that runs inline and would have to wait fails with a message instead")
    func inlineWaits() async {
        let call = FakeCall(["inline"], isOpen: true, isInline: true)
        plugin.start(call)
        #expect(await call.status() == 1)
        #expect(call.standardError.hasPrefix("inline: an inline command cannot wait"))
    }

    @Test("learns all that is known of its caller")
    func facts() async {
        for command in ["facts", "async-facts"] {
            let call = FakeCall([command, "a b", "ö"], environment: ["HOME=/home/x", "HOME=/other", "odd"])
            plugin.start(call)
            #expect(await call.status() == 0)
            #expect(
                call.standardOutput
                    == "\(command) [\"a b\", \"ö\"] 77 unix 1000 100 4242 /tmp /home/x 80 0 true false true true\n")
            #expect(call.faults == [])
        }
    }

    @Test("logs with its call's number")
    func log() {
        plugin.start(FakeCall(["log"]))
        #expect(FakeHost.ofCalls.logLines.contains("3 77 a line"))
    }

    @Test(
        "that sleeps ends at once when it is cancelled, with the status that fits the reason",
        arguments: [
            (FASTDAEMON_CANCELLED_BY_SIGNAL, SIGINT, 130), (FASTDAEMON_CANCELLED_BY_SIGNAL, SIGTERM, 143),
            (FASTDAEMON_CANCELLED_BY_TIME, 0, 124), (FASTDAEMON_CANCELLED_BY_SHUTDOWN, 0, 130), (999, 0, 130),
        ] as [(Int, Int32, Int32)])
    func cancelledSleep(reason: Int, signal: Int32, status: Int32) async {
        let call = FakeCall(["sleep"])
        plugin.startOnThread(call)
        call.cancel(reason, signal: signal)
        #expect(await call.status() == status)
        #expect(call.standardError == "")
        #expect(call.faults == [])
    }

    @Test("that reads or writes is woken by cancellation")
    func cancelledReading() async {
        let call = FakeCall(["cat"], isOpen: true)
        plugin.startOnThread(call)
        await call.waits(for: FASTDAEMON_EVENT_READABLE)
        call.cancel(signal: SIGINT)
        #expect(await call.status() == 130)
    }

    @Test("whose caller is gone ends as a program that writes into a closed pipe")
    func hangUp() async {
        let call = FakeCall(["cat"], input: [[1]])
        call.cancel(FASTDAEMON_CANCELLED_BY_HANGUP)
        plugin.start(call)
        #expect(await call.status() == 141)
    }
}
