extension Call {
    /// Writes bytes, waiting until the host has taken all of them.
    @inlinable
    public func write(_ bytes: UnsafeRawBufferPointer, to stream: OutputStream = .standardOutput) throws(CallError) {
        var rest = bytes
        while !rest.isEmpty {
            let taken = try raw.write(rest, to: stream, waiting: true)
            // All is taken at once, unless the command is inline; there, waiting is what it must not do.
            if taken == 0 { throw .wouldWait }
            rest = UnsafeRawBufferPointer(rebasing: rest[taken...])
        }
    }

    /// Writes bytes, waiting until the host has taken all of them.
    public func write(_ bytes: RawSpan, to stream: OutputStream = .standardOutput) throws(CallError) {
        try bytes.withUnsafeBytes { (buffer) throws(CallError) in try write(buffer, to: stream) }
    }

    /// Writes bytes, waiting until the host has taken all of them.
    public func write(_ bytes: [UInt8], to stream: OutputStream = .standardOutput) throws(CallError) {
        try write(bytes.span.bytes, to: stream)
    }

    /// Writes text, waiting until the host has taken all of it.
    public func write(_ text: String, to stream: OutputStream = .standardOutput) throws(CallError) {
        try write(text.utf8Span.span.bytes, to: stream)
    }

    /// Writes what can be taken without waiting, and returns how many bytes that were.
    @inlinable
    public func writeAvailable(
        _ bytes: UnsafeRawBufferPointer, to stream: OutputStream = .standardOutput
    ) throws(CallError) -> Int {
        try raw.write(bytes, to: stream, waiting: false)
    }

    /// Writes a line to standard output.
    public func print(_ text: String = "", terminator: String = "\n") throws(CallError) {
        try write(text + terminator)
    }

    /// Writes a line to standard error.
    public func printError(_ text: String, terminator: String = "\n") throws(CallError) {
        try write(text + terminator, to: .standardError)
    }
}
