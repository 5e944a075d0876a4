import FastDaemonSystem
import Testing

@testable import FastDaemonHost

@Suite("Messages between daemon and worker") struct WorkerMessageTests {
    private static let call = WorkerCall(
        id: 0x0102_0304_0506_0708, command: "größer", deadline: 99,
        caller: Caller(transport: 2, user: 7, group: 8, process: .max, address: "127.0.0.1:5"))

    @Test(
        "An order comes out as it went in",
        arguments: [.call(call), .cancel(call: 3, .time), .cancel(call: .max, .shutdown), .stop] as [WorkerOrder])
    func orders(order: WorkerOrder) {
        #expect(WorkerOrder(order.bytes) == order)
    }

    @Test("An order that is cut short, or too long, is none")
    func brokenOrders() {
        let bytes = WorkerOrder.call(Self.call).bytes
        for count in 0..<bytes.count { #expect(WorkerOrder(Array(bytes.prefix(count))) == nil) }
        #expect(WorkerOrder(bytes + [0]) == nil)
        #expect(WorkerOrder([4]) == nil)
        #expect(WorkerOrder([2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 9]) == nil, "there is no reason 9")
    }

    private static func description(name: String = "p", command: String = "c") -> WorkerDescription {
        WorkerDescription(
            name: name, version: "1.0", concurrency: 3,
            commands: [
                .init(name: command, summary: "s", usage: "u\nv", execution: .inline, takesInputAsItComes: true)
            ])
    }

    @Test("What a worker says of its plugin comes out as it went in")
    func answers() throws {
        let loaded = WorkerAnswer.loaded(Self.description())
        #expect(try WorkerAnswer(loaded.bytes) == loaded)
        #expect(try WorkerAnswer(WorkerAnswer.failed("no").bytes) == .failed("no"))
    }

    @Test("Names that nobody could type, and control characters, are not believed")
    func hostileAnswers() throws {
        for (name, command) in [("a b", "c"), ("", "c"), ("p", "c\u{1B}"), ("p", "")] {
            let bytes = WorkerAnswer.loaded(Self.description(name: name, command: command)).bytes
            #expect(throws: MessageError.self) { try WorkerAnswer(bytes) }
        }
        #expect(try WorkerAnswer(WorkerAnswer.failed("\u{1B}[2J").bytes) == .failed(#"\u{1B}[2J"#))
        let none = WorkerDescription(name: "p", version: "", concurrency: 0, commands: [])
        #expect(throws: MessageError.self) { try WorkerAnswer(WorkerAnswer.loaded(none).bytes) }
    }

    @Test("Counts that are not true reserve nothing, and are refused")
    func hostileCounts() {
        #expect(throws: MessageError.self) { try WorkerAnswer([2, 0xFF, 0xFF, 0xFF, 0xFF, 65]) }
        var bytes = WorkerAnswer.loaded(Self.description()).bytes
        let count = 1 + 4 + 1 + 4 + 3 + 4
        bytes.replaceSubrange(count..<count + 4, with: [0xFF, 0xFF, 0xFF, 0xFF])
        #expect(throws: MessageError.self) { try WorkerAnswer(bytes) }
    }

    @Test("A message of any length travels in packets", arguments: [0, 1, 32_766, 32_767, 32_768, 100_000])
    func packets(count: Int) throws {
        let message = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7) }
        let packets = MessagePackets.split(message)
        #expect(packets.allSatisfy { $0.count <= MessagePackets.longest })
        var joiner = MessageJoiner()
        for packet in packets.dropLast() { #expect(try joiner.add(packet) == nil) }
        #expect(try joiner.add(packets.last!) == message)
    }

    @Test("A worker that never ends its message is stopped")
    func endlessMessage() throws {
        var joiner = MessageJoiner()
        let packet = [1] + [UInt8](repeating: 0, count: 1 << 20)
        for _ in 0..<15 { #expect(try joiner.add(packet) == nil) }
        #expect(throws: MessageError.self) { _ = try joiner.add(packet) }
        #expect(throws: MessageError.self) { _ = try joiner.add([]) }
        #expect(throws: MessageError.self) { _ = try joiner.add([2]) }
    }
}
