import FastDaemonProtocol
import Testing

@Suite("The bytes of a session's frames")
struct SessionEncoderTests {
    private func encode(_ body: (inout [UInt8]) -> Void) -> [UInt8] {
        var bytes: [UInt8] = [0xEE]
        body(&bytes)
        #expect(bytes.first == 0xEE, "what was there stays")
        return Array(bytes.dropFirst())
    }

    @Test("Numbers are most significant byte first, and nothing stands between the fields")
    func fields() {
        let hello = SessionHello(major: 1, minor: 2, capabilities: 0x0304_0506, window: 0x0708_090A)
        #expect(
            encode { SessionEncoder.append(hello, to: &$0) } == [
                0xFD, 0, 0, 12, 1, 2, 0, 0, 3, 4, 5, 6, 7, 8, 9, 10,
            ])
        #expect(
            encode { SessionEncoder.append(SessionTerminals(streams: 5, columns: 0x0102, rows: 0x0304), to: &$0) }
                == [4, 0, 0, 5, 5, 1, 2, 3, 4])
        #expect(encode { SessionEncoder.append(timeout: 0x0102_0304, to: &$0) } == [5, 0, 0, 4, 1, 2, 3, 4])
        #expect(
            encode { SessionEncoder.append(SessionSignal(28, columns: 0x0102, rows: 0x0304), to: &$0) }
                == [8, 0, 0, 5, 28, 1, 2, 3, 4])
        #expect(
            encode { SessionEncoder.append(SessionSignal(SessionSignal.interrupt), to: &$0) } == [
                8, 0, 0, 5, 2, 0, 0, 0, 0,
            ])
        #expect(encode { SessionEncoder.append(credit: 0x0102_0304, to: &$0) } == [9, 0, 0, 4, 1, 2, 3, 4])
        #expect(encode { SessionEncoder.append(pull: 0x0102_0304, to: &$0) } == [0x23, 0, 0, 4, 1, 2, 3, 4])
    }

    @Test("END has the verdict, the status, the call and the text")
    func end() {
        let end = SessionEnd(.noCommand, status: 127, call: 0x0102_0304_0506_0708)
        let text = Array("é".utf8)
        #expect(
            encode { SessionEncoder.append(end, text: text.span.bytes, to: &$0) } == [
                0x24, 0, 0, 12, 1, 127, 1, 2, 3, 4, 5, 6, 7, 8, 0xC3, 0xA9,
            ])
    }

    @Test("A text too long for END is cut between two characters", arguments: ["a", "é", "漢", "😀"])
    func longText(character: String) throws {
        for shift in 0..<4 {
            let text = String(repeating: "x", count: shift) + String(repeating: character, count: 65_540)
            let bytes = encode {
                SessionEncoder.append(
                    SessionEnd(.busy, status: 75, call: 0), text: Array(text.utf8).span.bytes, to: &$0)
            }
            #expect(bytes.count <= 4 + 65_536)
            #expect(bytes.count > 4 + 65_536 - character.utf8.count)
            #expect(Array(bytes[..<4]) == SessionBytes.frame(.end, count: bytes.count - 4))
            let cut = try #require(String(validating: bytes[14...], as: UTF8.self))
            #expect(text.hasPrefix(cut))
        }
    }

    @Test("A text that just fits is not cut")
    func textThatFits() {
        let text = Array("é".utf8) + Array(repeating: UInt8(ascii: "x"), count: 65_524)
        let bytes = encode {
            SessionEncoder.append(SessionEnd(.busy, status: 75, call: 0), text: text.span.bytes, to: &$0)
        }
        #expect(bytes.count == 4 + 65_536)
        #expect(Array(bytes[14...]) == text)
    }

    @Test("A header has a type and a length of three bytes", arguments: [0, 1, 255, 256, 65_536, 0xFF_FFFF])
    func header(count: Int) {
        let header = SessionBytes.frame(.environment, count: count)
        #expect(encode { SessionEncoder.appendHeader(.environment, count: count, to: &$0) } == header)
        #expect(withUnsafeBytes(of: SessionFrame.header(.environment, count: count)) { Array($0) } == header)
    }

    @Test("Verdicts have the exit statuses of the page, and signals what they do")
    func statuses() {
        let statuses = (0...10).map { SessionVerdict(rawValue: $0).exitStatus }
        #expect(statuses == [nil, 127, 75, 124, nil, 75, 76, 64, 76, 77, nil])
        #expect((0...64).filter { SessionSignal($0).cancels } == [1, 2, 3, 15])
        let terminals = SessionTerminals(streams: 5, columns: 0, rows: 0)
        #expect((0...2).map(terminals.isTerminal) == [true, false, true])
    }
}
