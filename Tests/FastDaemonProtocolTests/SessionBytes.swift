import FastDaemonProtocol

/// Sessions as bytes.
enum SessionBytes {
    /// A frame of any bytes; `count` is what its header says, where that is not the truth.
    static func frame(_ type: UInt8, _ payload: [UInt8] = [], count: Int? = nil) -> [UInt8] {
        let count = count ?? payload.count
        return [type] + [16, 8, 0].map { UInt8(truncatingIfNeeded: count >> $0) } + payload
    }

    static func frame(_ type: SessionFrameType, _ payload: [UInt8] = [], count: Int? = nil) -> [UInt8] {
        frame(type.rawValue, payload, count: count)
    }

    /// A hello, made by the encoder.
    static func hello(_ hello: SessionHello = SessionHello(window: 100)) -> [UInt8] {
        var bytes: [UInt8] = []
        SessionEncoder.append(hello, to: &bytes)
        return bytes
    }

    /// The shortest request there is, from HELLO to RUN.
    static let request = hello() + frame(.arguments, [0x61, 0]) + frame(.run)

    /// What has to stand before a frame of that type, for it to be in its place.
    static func beginning(of side: SessionSide, before type: UInt8) -> [UInt8] {
        switch SessionFrameType(rawValue: type) {
        case .run: request.dropLast(4)
        case .input, .signal, .credit: request
        default: hello()
        }
    }

    /// The bytes that an event came from; data in one frame.
    static func encode(_ item: SessionItem) -> [UInt8] {
        var bytes: [UInt8] = []
        switch item.event {
        case .hello(let hello): SessionEncoder.append(hello, to: &bytes)
        case .arguments: append(.arguments, item.bytes, to: &bytes)
        case .environment: append(.environment, item.bytes, to: &bytes)
        case .directory: append(.directory, item.bytes, to: &bytes)
        case .terminals(let terminals): SessionEncoder.append(terminals, to: &bytes)
        case .timeout(let milliseconds): SessionEncoder.append(timeout: milliseconds, to: &bytes)
        case .run: append(.run, [], to: &bytes)
        case .input, .endOfInput: append(.input, item.bytes, to: &bytes)
        case .signal(let signal): SessionEncoder.append(signal, to: &bytes)
        case .credit(let count): SessionEncoder.append(credit: count, to: &bytes)
        case .output: append(.output, item.bytes, to: &bytes)
        case .errors: append(.errors, item.bytes, to: &bytes)
        case .pull(let count): SessionEncoder.append(pull: count, to: &bytes)
        case .end(let end, _): SessionEncoder.append(end, text: item.bytes.span.bytes, to: &bytes)
        }
        return bytes
    }

    private static func append(_ type: SessionFrameType, _ payload: [UInt8], to bytes: inout [UInt8]) {
        SessionEncoder.appendHeader(type, count: payload.count, to: &bytes)
        bytes += payload
    }
}
