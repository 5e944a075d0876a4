import CFastDaemonPlugin
import Glibc
import Synchronization
import Testing

@testable import FastDaemonPluginKit

@Suite("An asynchronous handler")
struct AsyncCallTests {
    let plugin: LoadedPlugin

    init() throws {
        plugin = try LoadedPlugin(SamplePlugin.self)
    }

    @Test(
        "ends once, with what it returns or throws",
        arguments: [
            ("async-status", 5, "", ""), ("async-at-once", 0, "done\n", ""),
            ("async-throw", 1, "", "async-throw: trouble\n"),
        ])
    func endings(command: String, status: Int32, output: String, error: String) async {
        let call = FakeCall([command])
        plugin.start(call)
        #expect(await call.status() == status)
        #expect(call.standardOutput == output)
        #expect(call.standardError == error)
        #expect(call.faults == [])
    }

    @Test("that does not have to wait runs on the thread that it was called on")
    func noHop() {
        let call = FakeCall(["async-at-once"])
        plugin.start(call)
        #expect(call.standardOutput == "done\n")
    }

    @Test("is suspended until input comes, and goes on with each piece")
    func input() async {
        let call = FakeCall(["async-cat"], isOpen: true)
        plugin.start(call)
        for text in ["one ", "two ", "three"] {
            await call.waits(for: FASTDAEMON_EVENT_READABLE)
            call.deliver(Array(text.utf8))
        }
        call.endInput()
        #expect(await call.status() == 0)
        #expect(call.standardOutput == "one two three")
        #expect(call.faults == [])
    }

    @Test("is suspended while its caller has no room")
    func backPressure() async {
        let call = FakeCall(["async-cat"], input: [Array("0123456789".utf8)], room: 0)
        plugin.start(call)
        for count in [3, 3, 4] {
            await call.waits(for: FASTDAEMON_EVENT_WRITABLE)
            call.makeRoom(count)
        }
        #expect(await call.status() == 0)
        #expect(call.standardOutput == "0123456789")
        #expect(call.faults == [])
    }

    @Test("reads and writes in two tasks at once, one thread at a time in the host")
    func both() async {
        let call = FakeCall(["async-both"], isOpen: true)
        plugin.start(call)
        for _ in 0..<20 { call.deliver(Array("x".utf8)) }
        call.endInput()
        #expect(await call.status() == 0)
        #expect(call.standardOutput == (0..<100).map { "\($0)\n" }.joined() + String(repeating: "x", count: 20))
        #expect(call.faults == [])
    }

    @Test("has child tasks on the host's pool, all of which have begun before the call ends")
    func children() async {
        for _ in 0..<20 {
            let call = FakeCall(["async-children"])
            plugin.start(call)
            #expect(await call.status() == 0)
            #expect(call.standardOutput == "1275\n")
            #expect(call.faults == [])
        }
    }

    @Test("sees its task cancelled with the call, and can still write")
    func cancellation() async {
        let call = FakeCall(["async-cancelled"])
        plugin.startOnThread(call)
        call.cancel(FASTDAEMON_CANCELLED_BY_SHUTDOWN)
        #expect(await call.status() == 0)
        #expect(call.standardOutput == "cancelled: shutdown\n")
        #expect(call.faults == [])
    }

    @Test("of a call that was cancelled before it began sees that from its first line")
    func cancelledBefore() async {
        let call = FakeCall(["async-cancelled"])
        call.cancel(FASTDAEMON_CANCELLED_BY_TIME)
        plugin.start(call)
        #expect(await call.status() == 0)
        #expect(call.standardOutput == "cancelled: timeLimit\n")
    }

    @Test(
        "that waits for input or room is woken by cancellation", arguments: ["async-cat", "async-both", "async-signal"])
    func cancelledWaiting(command: String) async {
        let call = FakeCall([command], isOpen: true)
        plugin.start(call)
        await call.waits(for: command == "async-signal" ? FASTDAEMON_EVENT_SIGNAL : FASTDAEMON_EVENT_READABLE)
        call.cancel(signal: SIGTERM)
        #expect(await call.status() == 143)
        #expect(call.faults == [])
    }

    @Test("learns of a signal that does not cancel")
    func signal() async {
        let call = FakeCall(["async-signal"])
        plugin.start(call)
        await call.waits(for: FASTDAEMON_EVENT_SIGNAL)
        call.send(signal: SIGWINCH)
        #expect(await call.status() == 0)
        #expect(call.standardOutput == "\(SIGWINCH)\n")
    }

    @Test(
        "that the host has no thread for any more is told so, ends, and runs to its own end",
        arguments: [
            (FASTDAEMON_ERROR_CLOSED, "the caller's directory cannot be entered any more"),
            (FASTDAEMON_ERROR_MISUSE, "the daemon refused the plugin's request as malformed"),
        ])
    func refused(answer: Int, text: String) async throws {
        let plugin = try LoadedPlugin(WaitingPlugin.self)
        let (outcome, report) = AsyncStream.makeStream(of: CallError?.self)
        WaitingPlugin.report.withLock { $0 = report }
        let call = FakeCall(["wait"], isOpen: true)
        plugin.start(call)
        await call.waits(for: FASTDAEMON_EVENT_READABLE)
        call.refusePool(with: answer)
        call.deliver(Array("x".utf8))
        #expect(await call.status() == 1)
        #expect(call.standardError == "wait: \(text)\n")
        #expect(await outcome.first { _ in true } == .ended)
        #expect(call.faults == [])
    }

    @Test("that kept its call longer than it ran gets nothing from it")
    func keptCall() async throws {
        let plugin = try LoadedPlugin(KeepingPlugin.self)
        let call = FakeCall(["keep"], isOpen: true)
        plugin.start(call)
        #expect(await call.status() == 0)
        let outcome = await KeepingPlugin.outcome.first { _ in true }
        #expect(outcome == .ended)
        #expect(call.faults == [])
    }
}

/// Waits for input twice, and tells how that went.
private struct WaitingPlugin: Plugin {
    static let name = "waiting"
    static let version = "1"
    static let report = Mutex<AsyncStream<CallError?>.Continuation?>(nil)

    init(host: PluginHost) {}

    var commands: [Command] {
        Command("wait") { (call: AsyncCall) async in
            var error: CallError?
            do throws(CallError) {
                _ = try await call.readPiece()
                _ = try await call.readPiece()
            } catch let failure {
                error = failure
            }
            WaitingPlugin.report.withLock { _ = $0?.yield(error) }
        }
    }
}

/// Leaves a task behind that waits for input when the handler returns.
private struct KeepingPlugin: Plugin {
    static let name = "keeping"
    static let version = "1"
    static let (outcome, report) = AsyncStream.makeStream(of: CallError?.self)

    init(host: PluginHost) {}

    var commands: [Command] {
        Command("keep") { (call: AsyncCall) async in
            Task {
                do throws(CallError) {
                    _ = try await call.readPiece()
                    KeepingPlugin.report.yield(nil)
                } catch {
                    KeepingPlugin.report.yield(error)
                }
            }
        }
    }
}
