import CFastDaemonPlugin
import Glibc
import Testing

@testable import FastDaemonPluginKit

@Suite("A stepwise handler")
struct SteppedCallTests {
    let plugin: LoadedPlugin

    init() throws {
        plugin = try LoadedPlugin(SamplePlugin.self)
    }

    @Test("that does not have to wait ends in its first step")
    func atOnce() async {
        let call = FakeCall(["count-bytes"], input: [[1, 2], [3]], isInline: true)
        plugin.start(call)
        #expect(await call.status() == 0)
        #expect(call.standardOutput == "3\n")
        #expect(call.faults == [])
    }

    @Test("is called again as input comes, and remembers what it counted")
    func steps() async {
        let call = FakeCall(["count-bytes"], input: [[1]], isOpen: true, isInline: true)
        plugin.start(call)
        for count in 1...4 {
            await call.waits(for: FASTDAEMON_EVENT_READABLE)
            call.deliver([UInt8](repeating: 0, count: count))
        }
        call.endInput()
        #expect(await call.status() == 0)
        #expect(call.standardOutput == "11\n")
        #expect(call.faults == [])
    }

    @Test("is called on one thread at a time where input comes from another")
    func threads() async {
        for _ in 0..<50 {
            let call = FakeCall(["count-bytes"], isOpen: true)
            plugin.startOnThread(call)
            for _ in 0..<50 { call.deliver([0]) }
            call.endInput()
            #expect(await call.status() == 0)
            #expect(call.standardOutput == "50\n")
            #expect(call.faults == [])
        }
    }

    @Test("that throws in a later step ends with a message")
    func throwing() async {
        let call = FakeCall(["step-throw"], isOpen: true, isInline: true)
        plugin.start(call)
        await call.waits(for: FASTDAEMON_EVENT_READABLE)
        call.deliver([1])
        #expect(await call.status() == 1)
        #expect(call.standardError == "step-throw: trouble\n")
    }

    @Test("that waits is called again when the call is cancelled")
    func cancelled() async {
        let call = FakeCall(["count-bytes"], isOpen: true, isInline: true)
        plugin.start(call)
        await call.waits(for: FASTDAEMON_EVENT_READABLE)
        call.cancel(signal: SIGINT)
        #expect(await call.status() == 130)
        #expect(call.faults == [])
    }
}
