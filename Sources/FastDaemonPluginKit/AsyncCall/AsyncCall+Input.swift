extension AsyncCall {
    /// Reads the next piece of standard input, suspended until it is there; nil at the end of input.
    public func readPiece() async throws(CallError) -> [UInt8]? {
        while true {
            let found = try attempt { (raw) throws(CallError) -> CopiedPiece in
                switch try raw.read(waiting: false) {
                case .bytes(let bytes): .bytes([UInt8](bytes))
                case .end: .end
                case .notYet: .notYet
                }
            }
            switch found {
            case .bytes(let bytes): return bytes
            case .end: return nil
            case .notYet:
                try checkCancellation()
                try await wait(for: .readable)
            }
        }
    }

    /// Standard input, piece by piece as it comes. One task at a time should read it.
    public var pieces: InputPieces { InputPieces(call: self) }

    /// Standard input, line by line. A line is what stands before a line feed, or after the last one; what is not UTF-8
    /// in it is replaced by U+FFFD.
    public var lines: InputLines { InputLines(call: self) }

    /// Reads standard input to its end.
    public func readAll() async throws(CallError) -> [UInt8] {
        var all: [UInt8] = []
        while let piece = try await readPiece() { all.append(contentsOf: piece) }
        return all
    }

    /// Reads standard input to its end, as text; what is not UTF-8 is replaced by U+FFFD.
    public func readText() async throws(CallError) -> String {
        String(decoding: try await readAll(), as: UTF8.self)
    }
}

/// A piece of input that outlives the next read.
private enum CopiedPiece {
    case bytes([UInt8])
    case end
    case notYet
}

/// The standard input of an asynchronous call, piece by piece.
public struct InputPieces: AsyncSequence, Sendable {
    fileprivate let call: AsyncCall

    /// Starts reading where reading stopped before: there is only one input.
    public func makeAsyncIterator() -> Iterator { Iterator(call: call) }

    /// Reads one piece after the other.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let call: AsyncCall

        /// The next piece; nil at the end of input.
        public mutating func next(isolation actor: isolated (any Actor)? = #isolation) async throws(CallError)
            -> [UInt8]?
        {
            try await call.readPiece()
        }
    }
}

/// The standard input of an asynchronous call, line by line.
public struct InputLines: AsyncSequence, Sendable {
    fileprivate let call: AsyncCall

    /// Starts reading where reading stopped before: there is only one input.
    public func makeAsyncIterator() -> Iterator { Iterator(call: call) }

    /// Reads one line after the other.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let call: AsyncCall
        private var splitter = LineSplitter()

        fileprivate init(call: AsyncCall) {
            self.call = call
        }

        /// The next line, without its line feed; nil at the end of input.
        public mutating func next(isolation actor: isolated (any Actor)? = #isolation) async throws(CallError)
            -> String?
        {
            while true {
                if let line = splitter.next() { return line }
                guard let piece = try await call.readPiece() else { return splitter.last() }
                splitter.append(piece)
            }
        }
    }
}
