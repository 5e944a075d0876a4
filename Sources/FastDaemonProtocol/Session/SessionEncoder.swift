/// Writes the frames of a session as bytes.
public enum SessionEncoder {
    /// Appends a header, whose payload is to follow.
    ///
    /// - Precondition: `count` is at most `SessionFrame.mostDeclarableBytes`.
    public static func appendHeader(_ type: SessionFrameType, count: Int, to output: inout [UInt8]) {
        precondition(count <= SessionFrame.mostDeclarableBytes)
        append(UInt32(bigEndian: SessionFrame.header(type, count: count)), to: &output)
    }

    /// Appends HELLO.
    public static func append(_ hello: SessionHello, to output: inout [UInt8]) {
        appendHeader(.hello, count: 12, to: &output)
        output.append(hello.major)
        output.append(hello.minor)
        append(UInt16(0), to: &output)
        append(hello.capabilities, to: &output)
        append(hello.window, to: &output)
    }

    /// Appends TERMINALS.
    public static func append(_ terminals: SessionTerminals, to output: inout [UInt8]) {
        appendHeader(.terminals, count: 5, to: &output)
        output.append(terminals.streams)
        append(terminals.columns, to: &output)
        append(terminals.rows, to: &output)
    }

    /// Appends TIMEOUT.
    ///
    /// - Precondition: `milliseconds` is not 0.
    public static func append(timeout milliseconds: UInt32, to output: inout [UInt8]) {
        precondition(milliseconds > 0)
        append(.timeout, milliseconds, to: &output)
    }

    /// Appends SIGNAL.
    public static func append(_ signal: SessionSignal, to output: inout [UInt8]) {
        appendHeader(.signal, count: 5, to: &output)
        output.append(signal.number)
        append(signal.columns, to: &output)
        append(signal.rows, to: &output)
    }

    /// Appends CREDIT.
    ///
    /// - Precondition: `count` is not 0.
    public static func append(credit count: Int, to output: inout [UInt8]) {
        precondition(count > 0)
        append(.credit, UInt32(count), to: &output)
    }

    /// Appends PULL.
    ///
    /// - Precondition: `count` is not 0.
    public static func append(pull count: Int, to output: inout [UInt8]) {
        precondition(count > 0)
        append(.pull, UInt32(count), to: &output)
    }

    /// Appends END; a text that is too long for the frame is cut short, between two characters.
    public static func append(_ end: SessionEnd, text: RawSpan, to output: inout [UInt8]) {
        var last = min(text.byteCount, SessionFrame.mostBytes - 10)
        // Not before a byte that goes on with a character. UTF-8 has at most three of those in a row.
        if last < text.byteCount {
            for _ in 0..<3 where text.byte(at: last) & 0xC0 == 0x80 { last -= 1 }
        }
        let text = text.extracting(first: last)
        appendHeader(.end, count: 10 + text.byteCount, to: &output)
        output.append(end.verdict.rawValue)
        output.append(end.status)
        append(end.call, to: &output)
        output.append(contentsOf: text)
    }

    /// Appends a frame of one number.
    private static func append(_ type: SessionFrameType, _ number: UInt32, to output: inout [UInt8]) {
        appendHeader(type, count: 4, to: &output)
        append(number, to: &output)
    }

    private static func append<Integer: FixedWidthInteger>(_ integer: Integer, to output: inout [UInt8]) {
        for byte in (0..<Integer.bitWidth / 8).reversed() {
            output.append(UInt8(truncatingIfNeeded: integer >> Integer(8 * byte)))
        }
    }
}
