import CFastDaemonPlugin
import Testing

@testable import FastDaemonPluginKit

@Suite("A plugin")
struct PluginTests {
    @Test("shows its descriptor to a host of its major version, and nothing to another")
    func descriptor() throws {
        let exported = try #require(SamplePlugin.export(1 << 16 | 9))
        let descriptor = exported.assumingMemoryBound(to: fastdaemon_plugin.self).pointee
        #expect(descriptor.abi_version == 0x0001_0000)
        #expect(descriptor.size == MemoryLayout<fastdaemon_plugin>.size)
        #expect(descriptor.concurrency == 3)
        #expect(String(cString: descriptor.name) == "sample")
        #expect(String(cString: descriptor.version) == "2.1")
        #expect(SamplePlugin.export(2 << 16) == nil)
        #expect(SamplePlugin.export(0) == nil)
    }

    @Test("lists its commands with texts, execution and input")
    func commands() throws {
        let plugin = try LoadedPlugin(SamplePlugin.self)
        let greet = try #require(plugin.commands["greet"]).pointee
        #expect(greet.size == MemoryLayout<fastdaemon_command>.size)
        #expect(String(cString: greet.summary) == "greets")
        #expect(String(cString: greet.usage) == "greet")
        #expect(greet.execution == UInt32(FASTDAEMON_PROCESS))
        let status = try #require(plugin.commands["status"]).pointee
        #expect(status.summary == nil && status.usage == nil)
        #expect(status.execution == UInt32(FASTDAEMON_CONCURRENT))
        let stepwise = try #require(plugin.commands["count-bytes"]).pointee
        #expect(stepwise.execution == UInt32(FASTDAEMON_INLINE))
        #expect(stepwise.input == UInt32(FASTDAEMON_INPUT_AS_IT_COMES))
        #expect(plugin.commands["inline"]?.pointee.input == UInt32(FASTDAEMON_INPUT_WHOLE))
    }

    @Test("is created twice, with options of its own each time")
    func twoInstances() throws {
        let first = try LoadedPlugin(SamplePlugin.self, options: "{}")
        let second = try LoadedPlugin(SamplePlugin.self, options: #"{"greeting":"hé"}"#)
        let (one, other) = (FakeCall(["greet"]), FakeCall(["greet"]))
        first.start(one)
        second.start(other)
        #expect(one.standardOutput == "{}\n")
        #expect(other.standardOutput == "{\"greeting\":\"hé\"}\n")
    }

    @Test("that cannot start says why")
    func failingInit() {
        #expect(throws: LoadedPlugin.Refused(text: "options must be an object")) {
            try LoadedPlugin(SamplePlugin.self, options: "[]")
        }
    }

    @Test("whose self-test fails says why")
    func selfTest() throws {
        let good = try LoadedPlugin(SamplePlugin.self)
        #expect(good.selfTest() == 0)
        let bad = try LoadedPlugin(SamplePlugin.self, options: "{ }")
        #expect(bad.selfTest() != 0)
        #expect(bad.host.lastError == "not myself")
    }

    @Test("logs under its own name, and builds no text for a level that is not logged")
    func log() throws {
        let plugin = try LoadedPlugin(SamplePlugin.self)
        #expect(plugin.host.logLines == ["2 0 created"])
    }

    @Test("answers named extensions, and asks for those of the host")
    func extensions() throws {
        let plugin = try LoadedPlugin(SamplePlugin.self)
        let answer = plugin.descriptor.pointee.extension
        #expect(answer?(plugin.descriptor, "sample.seven/1") == UnsafeRawPointer(bitPattern: 7))
        #expect(answer?(plugin.descriptor, "sample.seven/2") == nil)
        let host = PluginHost(table: FakeHost.table, instance: plugin.host.instance, options: Options(json: "{}"))
        #expect(host.extensionAddress(named: "test.answer/1") == UnsafeRawPointer(bitPattern: 42))
        #expect(host.extensionAddress(named: "test.answer/2") == nil)
        #expect(host.version == (1, 0))
    }

    @Test("with an inline command that is async is refused")
    func inlineAsync() {
        #expect(throws: LoadedPlugin.Refused.self) { try LoadedPlugin(InlineAsyncPlugin.self) }
    }
}

private struct InlineAsyncPlugin: Plugin {
    static let name = "inline-async"
    static let version = "1"

    init(host: PluginHost) {}

    var commands: [Command] {
        Command("stuck", execution: .inline) { call in try await call.print("") }
    }
}
