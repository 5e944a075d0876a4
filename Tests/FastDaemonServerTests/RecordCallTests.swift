import CFastDaemonPlugin
import FastDaemonHost
import Testing

@testable import FastDaemonServer

@Suite("The reply of an inline call") struct RecordCallTests {
    private final class Somebody: CallerSource {
        let caller = Caller(transport: 1)
    }

    @Test("A call on its own that is used again knows nothing of the one before; one whose reply is held is not")
    func recovered() {
        let call = RecordCall(budget: ByteBudget(limit: 1 << 20), replyLimit: 8)
        let somebody = Somebody()
        /// What comes of a call with this input that writes it, and then so many errors.
        func reply(to input: String, errors: Int) -> [UInt8] {
            let isThere = Array(input.utf8).withUnsafeBytes { call.begin(input: $0, from: somebody) }
            #expect(isThere)
            var piece = fastdaemon_bytes()
            if call.read(&piece, mayWait: false) == 1 {
                let bytes = UnsafeRawBufferPointer(start: piece.data, count: piece.count)
                _ = call.write(bytes, to: UInt32(FASTDAEMON_STANDARD_OUTPUT), mayWait: false)
            }
            _ = Array(repeating: UInt8(0x65), count: errors).withUnsafeBytes {
                call.write($0, to: UInt32(FASTDAEMON_STANDARD_ERROR), mayWait: false)
            }
            call.hasBegun.store(true, ordering: .relaxed)
            _ = call.completeReply()
            return Array(call.reply.bytes)
        }
        #expect(reply(to: "hi", errors: 1) == [0, 0, 0, 2, 0x68, 0x69, 0, 0, 0, 1, 0x65])
        #expect(call.recover())
        let hasBegun = call.hasBegun.load(ordering: .relaxed)
        #expect(!hasBegun)
        #expect(reply(to: "more", errors: 9).count > 50, "it is over its limit, and says so")
        #expect(call.recover())
        #expect(reply(to: "", errors: 0) == [0, 0, 0, 0, 0, 0, 0, 0])
        let held = call.reply
        #expect(!call.recover())
        #expect(held.count == 8)
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
