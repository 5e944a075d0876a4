import FastDaemonProtocol
import Testing

@Suite("Texts of bytes")
struct ByteTextTests {
    @Test("what is put into a text stands there")
    func interpolation() {
        let part: ByteText = "é"
        let literal: StaticString = "three"
        let text: ByteText = "\(part)\(Array("two".utf8)), \(literal) \(-4)"
        #expect(text == "étwo, three -4")
        #expect(text.description == "étwo, three -4")
        #expect(text.bytes == Array("étwo, three -4".utf8))
        #expect(text + "" + "!" == ByteText("étwo, three -4!" as String))
    }

    @Test("numbers are written as a String writes them", arguments: [0, 7, 10, -1, 65_535, .max, .min])
    func numbers(number: Int) {
        #expect(("\(number)" as ByteText).description == String(number))
        let magnitude = UInt64(number.magnitude)
        #expect(("\(magnitude)" as ByteText).description == String(magnitude))
    }

    @Test("what is not UTF-8 is shown as a String shows it: all pieces of up to three bytes of every kind, and of four")
    func repair() {
        // One byte of each kind that table 3-7 of the Unicode Standard tells apart, and those at its bounds.
        let kinds: [UInt8] = [
            0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE,
            0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF,
        ]
        var different: [[UInt8]] = []
        func check(_ bytes: [UInt8]) {
            if ByteText(bytes).bytes != Array(String(decoding: bytes, as: UTF8.self).utf8) { different.append(bytes) }
        }
        check([])
        for first in kinds {
            check([first])
            for second in kinds {
                check([first, second])
                for third in kinds {
                    check([first, second, third])
                    for fourth in kinds where first >= 0xE0 { check([first, second, third, fourth, 0x41]) }
                }
            }
        }
        #expect(different == [])
    }
}
