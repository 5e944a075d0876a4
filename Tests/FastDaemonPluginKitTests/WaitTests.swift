import CFastDaemonPlugin
import Glibc
import Testing

@Suite("The wait handler")
struct WaitTests {
    let plugin: LoadedPlugin

    init() throws {
        plugin = try LoadedPlugin(library: "Wait")
    }

    @Test(
        "waits at least as long as it is told, and says so",
        arguments: [("0", "0"), ("0.02", "0.02"), ("2e-2", "0.02")])
    func waiting(seconds: String, said: String) async throws {
        let call = FakeCall(["wait", seconds])
        let took = ContinuousClock().measure { plugin.start(call) }
        #expect(await call.status() == 0)
        #expect(call.standardOutput == "waited \(said)\n")
        #expect(took >= .seconds(try #require(Double(seconds))))
    }

    @Test(
        "refuses what is no number of seconds",
        arguments: [["x"], ["-1"], ["nan"], ["inf"], ["1e300"], [""], ["1", "2"]])
    func usage(words: [String]) async {
        let call = FakeCall(["wait"] + words)
        plugin.start(call)
        #expect(await call.status() == 2)
        #expect(call.standardError.hasPrefix("wait: "))
        #expect(call.standardError.hasSuffix("\nusage: wait [SECONDS]\n"))
        #expect(call.standardOutput == "")
    }

    @Test("ends at once when it is cancelled", arguments: [["wait"], ["wait", "3600"], ["wait", "300000000"]])
    func cancelled(words: [String]) async {
        let call = FakeCall(words)
        plugin.startOnThread(call)
        call.cancel(signal: SIGTERM)
        #expect(await call.status() == 143)
        #expect(call.standardOutput == "")
    }
}
