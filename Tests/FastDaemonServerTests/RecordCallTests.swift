import CFastDaemonPlugin
import FastDaemonHost
import Testing

@testable import FastDaemonServer

@Suite("The reply of an inline call") struct RecordCallTests {
    private final class Somebody: CallerSource {
        let caller = Caller(transport: 1)
    }

    /// What is replied to a handler that writes these parts of its input, and these bytes, one after the other.
    private enum Write {
        case input(Range<Int>)
        case bytes([UInt8])
    }

    private func reply(to input: [UInt8], writing writes: [Write]) -> [UInt8] {
        let budget = ByteBudget(limit: 1 << 20)
        let call = RecordCall(budget: budget, replyLimit: 1 << 16)
        let somebody = Somebody()
        return input.withUnsafeBytes { input in
            call.attach(input: input, from: somebody)
            for write in writes {
                switch write {
                case .input(let range):
                    let part = UnsafeRawBufferPointer(rebasing: input[range])
                    _ = call.write(part, to: UInt32(FASTDAEMON_STANDARD_OUTPUT), mayWait: false)
                case .bytes(let bytes):
                    _ = bytes.withUnsafeBytes {
                        call.write($0, to: UInt32(FASTDAEMON_STANDARD_OUTPUT), mayWait: false)
                    }
                }
            }
            _ = call.completeReply()
            return Array(call.reply.bytes)
        }
    }

    private func expectText(_ text: String, from input: String, writing writes: [Write]) {
        let count = UInt8(text.utf8.count)
        #expect(reply(to: Array(input.utf8), writing: writes) == [0, 0, 0, count] + Array(text.utf8) + [0, 0, 0, 0])
    }

    /// That the reply says where the output is no text.
    private func expectNoText(at offset: Int, from input: String, writing writes: [Write]) {
        let reply = String(decoding: reply(to: Array(input.utf8), writing: writes), as: UTF8.self)
        #expect(reply.contains("its output is not UTF-8 (at byte \(offset))"), "\(reply)")
    }

    @Test("is the input where the handler writes that")
    func copy() {
        expectText("é!", from: "é!", writing: [.input(0..<3)])
        expectText("", from: "", writing: [.input(0..<0)])
        expectText("é!é!", from: "é!", writing: [.input(0..<3), .input(0..<3)])
        expectText("<é!", from: "é!", writing: [.bytes([0x3C]), .input(0..<3)])
    }

    @Test("is checked to be text where it is not just the input")
    func notText() {
        expectNoText(at: 2, from: "é", writing: [.input(0..<2), .bytes([0xFF])])
        expectNoText(at: 0, from: "é", writing: [.bytes([0xFF]), .input(0..<2)])
        expectNoText(at: 0, from: "é", writing: [.input(0..<1)])
        expectNoText(at: 2, from: "é", writing: [.input(0..<2), .input(1..<2)])
        expectNoText(at: 0, from: "", writing: [.input(0..<0), .bytes([0x80])])
    }
}
