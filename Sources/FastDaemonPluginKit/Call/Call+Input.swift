extension Call {
    /// Reads the next piece of standard input without copying it, waiting for it; nil at the end of input.
    ///
    /// The bytes are the host's, and valid until the next read of this call, or its end.
    @inlinable
    public func readPiece() throws(CallError) -> UnsafeRawBufferPointer? {
        switch try raw.read(waiting: true) {
        case .bytes(let bytes): return bytes
        case .end: return nil
        case .notYet: throw .wouldWait
        }
    }

    /// Reads what is there of standard input, without copying it or waiting for more.
    @inlinable
    public func readAvailablePiece() throws(CallError) -> InputPiece {
        try raw.read(waiting: false)
    }

    /// Reads standard input to its end, piece by piece as they come, without copying them.
    public func forEachPiece(_ body: (RawSpan) throws -> Void) throws {
        while let piece = try readPiece() {
            try body(piece.bytes)
        }
    }

    /// Reads standard input to its end, line by line. A line is what stands before a line feed, or after the last one;
    /// what is not UTF-8 in it is replaced by U+FFFD.
    public func forEachLine(_ body: (String) throws -> Void) throws {
        var lines = LineSplitter()
        while let piece = try readPiece() {
            lines.append(piece)
            while let line = lines.next() { try body(line) }
        }
        if let line = lines.last() { try body(line) }
    }

    /// Reads standard input to its end.
    public func readAll() throws(CallError) -> [UInt8] {
        var all: [UInt8] = []
        while let piece = try readPiece() { all.append(contentsOf: piece) }
        return all
    }

    /// Reads standard input to its end, as text; what is not UTF-8 is replaced by U+FFFD.
    public func readText() throws(CallError) -> String {
        String(decoding: try readAll(), as: UTF8.self)
    }
}
