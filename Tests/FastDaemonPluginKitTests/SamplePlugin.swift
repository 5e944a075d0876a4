// Foundation is not used: it is here because handlers use it, and the names that they spell out must not be in both.
import FastDaemonPluginKit
import Foundation

/// Handlers of every form, each for one thing that the kit promises.
struct SamplePlugin: Plugin {
    static let name = "sample"
    static let version = "2.1"
    static let maximumConcurrentCalls: Int? = 3

    let greeting: String

    init(host: PluginHost) throws {
        if host.options.json == "[]" { throw CommandFailure(message: "options must be an object") }
        greeting = host.options.json
        host.log(.notice, "created")
        host.log(.debug, unbuilt())
    }

    var commands: [Command] {
        Command("greet", summary: "greets", usage: "greet", execution: .process) { call in try call.print(greeting) }
        blocking
        asynchronous
        stepwise
    }

    func selfTest() throws {
        if greeting != "{}" { throw CommandFailure(message: "not myself") }
    }

    static func extensionAddress(named name: String) -> UnsafeRawPointer? {
        name == "sample.seven/1" ? UnsafeRawPointer(bitPattern: 7) : nil
    }
}

extension SamplePlugin {
    @CommandBuilder private var blocking: [Command] {
        Command("status") { _ in throw ExitStatus(3) }
        Command("silent") { _ in }
        Command("fail") { _ in throw CommandFailure(status: 4, message: "no such thing") }
        Command("throw") { _ in throw Trouble() }
        Command("cat") { call in try call.forEachPiece { try call.write($0) } }
        Command("lines") { call in try call.forEachLine { try call.print("<\($0)>") } }
        Command("text") { call in try call.write(try call.readText()) }
        Command("sleep") { call in try call.sleep(for: .seconds(3600)) }
        Command("inline", execution: .inline) { call in try call.write(try call.readAll()) }
        Command("facts") { call in try call.print(describe(call)) }
        Command("log") { call in call.log(.info, "a line") }
    }

    @CommandBuilder private var asynchronous: [Command] {
        Command("async-status") { (_: AsyncCall) async throws in
            await Task.yield()
            throw ExitStatus(5)
        }
        Command("async-at-once") { call in try await call.print("done") }
        Command("async-throw") { (_: AsyncCall) async throws in throw Trouble() }
        Command("async-cat") { call in
            for try await piece in call.pieces { try await call.write(piece) }
        }
        Command("async-lines") { call in
            for try await line in call.lines { try await call.print("<\(line)>") }
        }
        Command("async-facts") { call in try await call.print(describe(call)) }
        Command("async-signal") { call in try await call.print("\(call.nextSignal())") }
        Command("async-cancelled") { call in
            while !Task.isCancelled { await Task.yield() }
            try await call.print("cancelled: \(call.cancellationReason!)")
        }
        Command("async-both") { call in
            async let reading = call.readText()
            for number in 0..<100 { try await call.print("\(number)") }
            try await call.write(reading)
        }
        Command("async-children") { call in
            let sum = await withTaskGroup(of: Int.self) { group in
                for number in 1...50 {
                    group.addTask {
                        await Task.yield()
                        call.log(.debug, "\(number)")
                        return number
                    }
                }
                return await group.reduce(0, +)
            }
            try await call.print("\(sum)")
        }
    }

    @CommandBuilder private var stepwise: [Command] {
        Command("count-bytes", startingWith: 0) { call, count in
            while true {
                switch try call.readAvailablePiece() {
                case .bytes(let bytes): count += bytes.count
                case .notYet: return .again(when: .readable)
                case .end:
                    try call.print("\(count)")
                    return .done(.success)
                }
            }
        }
        Command("step-throw", startingWith: ()) { call, _ in
            if case .notYet = try call.readAvailablePiece() { return .again(when: .readable) }
            throw Trouble()
        }
    }
}

/// A text for a level that is not logged.
private func unbuilt() -> String {
    preconditionFailure("the text of a line that nobody reads was built")
}

struct Trouble: Error, CustomStringConvertible {
    let description = "trouble"
}

private func describe(_ call: borrowing some CallFacts & ~Copyable) -> String {
    let caller = call.caller
    let terminal = call.terminal()
    return """
        \(call.commandName) \(call.arguments) \(call.id) \(caller.transport!) \(caller.user!) \(caller.group!) \
        \(caller.process!) \(call.workingDirectory ?? "nowhere") \(call.environment["HOME"] ?? "homeless") \
        \(terminal?.columns ?? 0) \(terminal?.rows ?? 0) \(call.terminal(on: .input) == nil) \(call.isCancelled) \
        \(call.timeLeft == nil) \(call.workingDirectoryDescriptor == nil)
        """
}
