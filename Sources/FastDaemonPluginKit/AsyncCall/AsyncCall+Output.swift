extension AsyncCall {
    /// Writes bytes, suspended while the caller has no room for them. Where several tasks write to one stream at once,
    /// their bytes may come between each other.
    public func write(_ bytes: [UInt8], to stream: OutputStream = .standardOutput) async throws(CallError) {
        var written = 0
        while written < bytes.count {
            let taken = try attempt { (raw) throws(CallError) in
                try bytes.span.extracting(written...).bytes.withUnsafeBytes { (rest) throws(CallError) in
                    try raw.write(rest, to: stream, waiting: false)
                }
            }
            written += taken
            if taken == 0 {
                try checkCancellation()
                try await wait(for: .writable)
            }
        }
    }

    /// Writes text, suspended while the caller has no room for it.
    public func write(_ text: String, to stream: OutputStream = .standardOutput) async throws(CallError) {
        try await write([UInt8](text.utf8), to: stream)
    }

    /// Writes a line to standard output.
    public func print(_ text: String = "", terminator: String = "\n") async throws(CallError) {
        try await write(text + terminator)
    }

    /// Writes a line to standard error.
    public func printError(_ text: String, terminator: String = "\n") async throws(CallError) {
        try await write(text + terminator, to: .standardError)
    }
}
