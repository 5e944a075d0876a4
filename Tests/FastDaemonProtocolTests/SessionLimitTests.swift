import FastDaemonProtocol
import Testing

@Suite("The bounds of a session, and one beyond each")
struct SessionLimitTests {
    /// What a decoder makes of a frame behind the shortest beginning of a session.
    private func read(
        _ frame: [UInt8], from side: SessionSide, requestLimit: Int = 1 << 20, allowance: Int = 1 << 30
    ) -> SessionLog {
        var reader = SessionReader(from: side, requestLimit: requestLimit, allowance: allowance)
        if frame[0] != 0xFD { reader.append(SessionBytes.beginning(of: side, before: frame[0])) }
        reader.append(frame)
        return reader.log
    }

    @Test(
        "The length of each type: the shortest, the longest, and one beyond on both sides",
        arguments: [
            (.hello, .client, 12...255), (.hello, .server, 12...255), (.directory, .client, 1...4095),
            (.terminals, .client, 5...5), (.timeout, .client, 4...4), (.run, .client, 0...0),
            (.input, .client, 0...65_536), (.signal, .client, 5...5), (.credit, .client, 4...4),
            (.output, .server, 1...65_536), (.errors, .server, 1...65_536), (.pull, .server, 4...4),
            (.end, .server, 10...65_536),
        ] as [(SessionFrameType, SessionSide, ClosedRange<Int>)])
    func lengths(type: SessionFrameType, side: SessionSide, range: ClosedRange<Int>) {
        for count in Set([range.lowerBound, range.lowerBound + 1, range.upperBound - 1, range.upperBound])
        where range.contains(count) {
            // "/" is a directory, a major version of another time, and a count like any other.
            let log = read(SessionBytes.frame(type, Array(repeating: 0x2F, count: count)), from: side)
            #expect(log.error == nil, "\(count) bytes")
            #expect(log.items.last.map { type.isWhat($0) } == true, "\(count) bytes")
        }
        for count in [range.lowerBound - 1, range.upperBound + 1, 0xFF_FFFF] where count >= 0 {
            let log = read(SessionBytes.frame(type, count: count), from: side)
            #expect(log.error == .wrongLength(type: type.rawValue, count))
        }
    }

    @Test("A frame to be skipped has up to 65,536 bytes", arguments: [SessionSide.client, .server])
    func skipped(side: SessionSide) {
        for type in UInt8(0x80)...0xFC {
            for count in [0, 1, 65_536] {
                var frame = SessionBytes.frame(type, Array(repeating: 0xFE, count: count))
                frame +=
                    side == .client ? SessionBytes.frame(.timeout, [0, 0, 0, 9]) : SessionBytes.frame(.output, [9])
                let log = read(frame, from: side)
                #expect(log.error == nil)
                #expect(log.items.count == 2, "type \(type), \(count) bytes")
            }
            let tooLong = read(SessionBytes.frame(type, count: 65_537), from: side)
            #expect(tooLong.error == .wrongLength(type: type, 65_537))
        }
    }

    @Test(
        "Every type that is neither this side's nor to be skipped is refused", arguments: [SessionSide.client, .server])
    func types(side: SessionSide) {
        let own: [UInt8] = side == .client ? Array(0x01...0x09) : Array(0x21...0x24)
        for type in UInt8.min ... .max where !own.contains(type) && !(0x80...0xFD).contains(type) {
            var reader = SessionReader(from: side, allowance: 1 << 20)
            reader.append(side == .client ? SessionBytes.request : SessionBytes.hello())
            reader.append(SessionBytes.frame(type))
            #expect(reader.log.error == .unexpectedType(type))
        }
    }

    @Test("The first byte alone tells that it is no session", arguments: [SessionSide.client, .server])
    func firstByte(side: SessionSide) {
        for byte in UInt8.min ... .max {
            var reader = SessionReader(from: side)
            reader.append([byte])
            #expect(reader.log.error == (byte == 0xFD ? nil : .notASession(byte)))
        }
    }

    @Test("The limit on a request counts the payloads of its frames, and is found at a header")
    func requestLimit() {
        let request =
            SessionBytes.frame(.arguments, [0x61, 0]) + SessionBytes.frame(.directory, [0x2F])
            + SessionBytes.frame(.terminals, [0, 0, 0, 0, 0]) + SessionBytes.frame(.timeout, [0, 0, 0, 1])
            + SessionBytes.frame(0x80, [1, 2, 3]) + SessionBytes.frame(.environment, [0x41, 0x3D, 0])
        let whole = SessionBytes.hello() + request + SessionBytes.frame(.run)
        let requestByteCount = 2 + 1 + 5 + 4 + 3
        for limit in [requestByteCount, requestByteCount + 1] {
            let log = SessionLog.reading([whole[...]], by: SessionReader(from: .client, requestLimit: limit)).log
            #expect(log.items.last?.event == .run)
        }
        let headers = (SessionBytes.hello() + request).dropLast(3)
        let limit = requestByteCount - 1
        let log = SessionLog.reading([headers], by: SessionReader(from: .client, requestLimit: limit)).log
        #expect(log.error == .requestTooLarge(declared: requestByteCount, limit: limit))
    }

    @Test("The longest frame that a header can announce is missing as a whole")
    func longestFrame() {
        let bytes = SessionBytes.hello() + SessionBytes.frame(.arguments, count: 0xFF_FFFF)
        var decoder = SessionDecoder(from: .client)
        var offset = 0
        #expect((try? decoder.next(in: bytes.span.bytes, at: &offset)) != nil)
        #expect(throws: Never.self) { try decoder.next(in: bytes.span.bytes, at: &offset) == nil }
        #expect(offset == 16)
        #expect(decoder.missing == 0xFF_FFFF)
    }

    @Test("A window, and a PULL and a CREDIT, of the first and the last number")
    func numbers() {
        let most = SessionBytes.hello(SessionHello(window: 0x7FFF_FFFF))
        let tooMuch = SessionBytes.hello(SessionHello(window: 0x8000_0000))
        #expect(read(most, from: .client).error == nil)
        #expect(read(tooMuch, from: .client).error == .tooMuchCredit)
        #expect(read(tooMuch, from: .server).error == nil)
        #expect(read(SessionBytes.hello(SessionHello(major: 2, window: .max)), from: .client).error == nil)

        for (type, side) in [(SessionFrameType.timeout, SessionSide.client), (.credit, .client), (.pull, .server)] {
            #expect(read(SessionBytes.frame(type, [0, 0, 0, 0]), from: side).error == .malformed(type, .zero))
            #expect(read(SessionBytes.frame(type, [0, 0, 0, 1]), from: side).error == nil)
            #expect(read(SessionBytes.frame(type, [255, 255, 255, 255]), from: side).error == nil)
        }
        #expect(read(SessionBytes.frame(.pull, [1, 2, 3, 4]), from: .server).items.last?.event == .pull(0x0102_0304))
    }

    @Test("A directory may have any byte but zero, at every place")
    func directory() {
        for place in 1..<20 {
            for byte in UInt8.min ... .max {
                var path = Array(repeating: UInt8(ascii: "/"), count: 20)
                path[place] = byte
                let error = read(SessionBytes.frame(.directory, path), from: .client).error
                #expect(error == (byte == 0 ? .malformed(.directory, .zeroByte) : nil))
            }
        }
    }
}

extension SessionFrameType {
    /// Whether an event comes of a frame of this type.
    fileprivate func isWhat(_ item: SessionItem) -> Bool {
        SessionBytes.encode(item).first == rawValue
    }
}
