#if hasFeature(Embedded)
    import CClientStatic
#else
    import CClient
    import FastDaemonClient
    import FastDaemonProtocol
#endif

/// All of standard input; nothing where that is a terminal or closed.
struct StandardInput: ~Copyable {
    private var memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private var count = 0

    deinit {
        cclient_free(memory.baseAddress)
    }

    /// Reads until the end, since a record says how long it is before it begins.
    init() throws(ClientError) {
        if cclient_is_terminal(0) {
            return
        }
        while true {
            if count == memory.count {
                try grow()
            }
            let got = cclient_read(0, memory.baseAddress! + count, memory.count - count)
            if got == 0 || got == -CCLIENT_EBADF {
                return
            } else if got < 0 {
                throw ClientError("cannot read standard input", failedWith: -got)
            }
            count += got
        }
    }

    /// Doubles the memory. The pages of a large block are moved, not copied.
    private mutating func grow() throws(ClientError) {
        if count > UInt32.max {
            throw ClientError(.requestTooLarge, "standard input is larger than a record, which holds 4 GiB")
        }
        let capacity = max(memory.count * 2, 64 << 10)
        guard let grown = cclient_reallocate(memory.baseAddress, capacity) else {
            throw ClientError("cannot keep standard input", failedWith: CCLIENT_ENOMEM)
        }
        memory = UnsafeMutableRawBufferPointer(start: grown, count: capacity)
    }

    /// Calls `body` with what was read.
    func withBytes(_ body: (RawSpan) throws(ClientError) -> Void) throws(ClientError) {
        try body(UnsafeRawBufferPointer(rebasing: memory[..<count]).bytes)
    }
}

/// The streams that a reply is written to.
enum StandardOutput {
    /// Writes all of `text` to standard output.
    static func write(_ text: ByteText) throws(ClientError) {
        try write(text.bytes.span.bytes, of: .first)
    }

    /// Writes all of `bytes` of a reply: the first string to standard output, the second to standard error.
    static func write(_ bytes: RawSpan, of part: RecordPart) throws(ClientError) {
        let result = bytes.withUnsafeBytes { cclient_write(part == .first ? 1 : 2, $0.baseAddress, $0.count) }
        if result < 0 {
            let stream: StaticString = part == .first ? "standard output" : "standard error"
            throw ClientError("cannot write \(stream)", failedWith: -result)
        }
    }
}

/// The stream that the program speaks of itself on.
enum StandardErrors {
    /// Writes one line.
    static func write(line: ByteText) {
        let line: ByteText = "fastdaemon_client: \(line)\n"
        // Where this fails too nobody is there to be told.
        _ = line.bytes.withUnsafeBytes { cclient_write(2, $0.baseAddress, $0.count) }
    }
}
