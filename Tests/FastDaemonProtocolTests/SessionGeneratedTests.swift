import FastDaemonProtocol
import Testing

@Suite("Generated sessions (FASTDAEMON_TEST_SEED repeats a run)")
struct SessionGeneratedTests {
    @Test(
        "What is encoded is decoded, with frames to be skipped between, in any pieces",
        arguments: [SessionSide.client, .server])
    func roundTrip(side: SessionSide) {
        var generator = Generator(seed: seed)
        for round in 0..<400 {
            let items = side == .client ? generator.clientSession() : generator.serverSession()
            var bytes: [UInt8] = []
            for item in items {
                if !bytes.isEmpty, generator.int(0...4) == 0 { bytes += generator.skippedFrame() }
                bytes += SessionBytes.encode(item)
            }
            var expected = SessionLog()
            for item in items { expected.append(item) }
            var reader = SessionReader(from: side, allowance: 1 << 20)
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = generator.int(1...200)
                reader.append(rest.prefix(count))
                rest = rest.dropFirst(count)
            }
            #expect(reader.log == expected, "seed \(seed), round \(round)")
            #expect(reader.broken == nil, "seed \(seed), round \(round)")
        }
    }

    @Test("Sessions that are damaged, cut or continued keep the invariants", arguments: [SessionSide.client, .server])
    func damaged(side: SessionSide) {
        var generator = Generator(seed: seed)
        for round in 0..<600 {
            let items = side == .client ? generator.clientSession() : generator.serverSession()
            var frames = items.map { SessionBytes.encode($0) }
            switch round % 4 {
            case 0: frames.swapAt(generator.int(0...frames.count - 1), generator.int(0...frames.count - 1))
            case 1: frames.insert(frames.randomElement(using: &generator)!, at: generator.int(0...frames.count))
            case 2: frames.remove(at: generator.int(0...frames.count - 1))
            default: break
            }
            var bytes = frames.flatMap(\.self)
            if round % 4 == 3 {
                for _ in 0..<generator.int(1...3) {
                    bytes[generator.int(0...bytes.count - 1)] = UInt8.random(in: 0 ... .max, using: &generator)
                }
            }
            let broken = brokenSessionInvariant(
                of: bytes, from: side, requestLimit: generator.int(0...300), allowance: generator.int(0...300),
                pieceSizes: [1, generator.int(2...9), generator.int(10...100)])
            #expect(broken == nil, "seed \(seed), round \(round): \(bytes)")
        }
    }
}

extension Generator {
    fileprivate mutating func number<Integer: FixedWidthInteger & UnsignedInteger>(_ range: ClosedRange<Integer>)
        -> Integer
    {
        .random(in: range, using: &self)
    }

    fileprivate mutating func bytes(_ range: ClosedRange<UInt8>, most: Int) -> [UInt8] {
        (0..<int(0...most)).map { _ in number(range) }
    }

    fileprivate mutating func hello() -> SessionItem {
        SessionItem(
            .hello(
                SessionHello(
                    minor: number(0 ... .max), capabilities: number(0 ... .max), window: number(0...0x7FFF_FFFF))))
    }

    fileprivate mutating func skippedFrame() -> [UInt8] {
        SessionBytes.frame(number(0x80...0xFC), bytes(0...255, most: 30))
    }

    fileprivate mutating func clientSession() -> [SessionItem] {
        var request = [SessionItem(.arguments(0..<0), [number(1...255)] + bytes(0...255, most: 30) + [0])]
        if Bool.random(using: &self) {
            request.append(SessionItem(.environment(0..<0), int(0...3) == 0 ? [] : bytes(0...255, most: 30) + [0]))
        }
        if Bool.random(using: &self) {
            request.append(SessionItem(.directory(0..<0), [UInt8(ascii: "/")] + bytes(1...255, most: 30)))
        }
        if Bool.random(using: &self) {
            let terminals = SessionTerminals(
                streams: number(0...7), columns: number(0 ... .max), rows: number(0 ... .max))
            request.append(SessionItem(.terminals(terminals)))
        }
        if Bool.random(using: &self) { request.append(SessionItem(.timeout(milliseconds: number(1 ... .max)))) }
        request.shuffle(using: &self)
        let after = (0..<int(0...8)).map { _ in clientFrame() }
        let end = Bool.random(using: &self) ? [SessionItem(.endOfInput), SessionItem(.credit(int(1...9)))] : []
        return [hello()] + request + [SessionItem(.run)] + after + end
    }

    private mutating func clientFrame() -> SessionItem {
        switch int(0...3) {
        case 0: SessionItem(.credit(Int(number(UInt32(1) ... .max))))
        case 1:
            SessionItem(
                .signal(
                    SessionSignal(number(0 ... .max), columns: number(0 ... .max), rows: number(0 ... .max))))
        default: SessionItem(.input(0..<0), [number(0 ... .max)] + bytes(0...255, most: 100))
        }
    }

    fileprivate mutating func serverSession() -> [SessionItem] {
        let frames = (0..<int(0...8)).map { _ in serverFrame() }
        let end = SessionEnd(
            SessionVerdict(rawValue: number(0 ... .max)), status: number(0 ... .max), call: number(0 ... .max))
        return [hello()] + frames + [SessionItem(.end(end, text: 0..<0), bytes(0...255, most: 40))]
    }

    private mutating func serverFrame() -> SessionItem {
        switch int(0...2) {
        case 0: SessionItem(.pull(int(1...1024)))
        case 1: SessionItem(.errors(0..<0), [number(0 ... .max)] + bytes(0...255, most: 100))
        default: SessionItem(.output(0..<0), [number(0 ... .max)] + bytes(0...255, most: 100))
        }
    }
}
