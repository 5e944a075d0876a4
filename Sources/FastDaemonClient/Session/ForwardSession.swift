#if hasFeature(Embedded)
    import CClientStatic
#else
    import CClient
    import FastDaemonProtocol
#endif

/// Runs a command in a daemon as if it were this process: with its standard streams, and with its signals.
///
/// The first SIGINT, SIGTERM, SIGHUP or SIGQUIT goes to the command, whose status is then waited for; a second one ends the
/// process. A reader of standard output that leaves ends it by SIGPIPE. This is for programs of one thread that do nothing
/// else, and can be called once.
///
/// - Returns: How the session ended. What the command wrote is written.
/// - Throws: What `runSession` does.
public func forwardSession(_ request: SessionRequest, to address: DaemonAddress) throws(ClientError) -> SessionResult {
    var connection = try SessionConnection(request, to: address, input: .descriptor(0))
    connection.forwardSignals(terminals: request.terminals)
    return try connection.run { (outbox, stream, bytes) throws(ClientError) in
        let result = outbox.write(bytes, to: stream == .output ? 1 : 2)
        // Nobody is there to be told where standard error is closed.
        if result < 0, stream == .output || -result != CCLIENT_EBADF {
            throw ClientError(
                "cannot write standard \(stream == .output ? "output" : "error" as StaticString)", failedWith: -result)
        }
    }
}

extension SessionConnection {
    /// From now on signals of the process go along.
    fileprivate mutating func forwardSignals(terminals: SessionTerminals?) {
        let terminal = terminals.flatMap { terminals in (0...2).first { terminals.isTerminal($0) } }
        let size = cclient_terminal_size(columns: terminals?.columns ?? 0, rows: terminals?.rows ?? 0)
        cclient_signals_forward(descriptor, Int32(terminal ?? -1), size)
        beginForwardingSignals()
    }
}

extension SessionOutbox {
    /// As much as a pipe takes without waiting once it is ready (PIPE_BUF, pipe(7)).
    private static let bytesWithoutWaiting = 4096

    /// Writes all of `bytes`. Returns 0, or a negated error number.
    ///
    /// A signal that is noted while a frame is partly sent could not be sent while this waits, so what is left of that frame
    /// is sent meanwhile.
    fileprivate mutating func write(_ bytes: RawSpan, to stream: Int32) -> Int {
        var written = 0
        var mustWait = false
        while written < bytes.byteCount {
            flush()
            let isSending = !isEmpty && !isBroken
            if isSending || mustWait {
                let ready = cclient_wait_for_either(
                    isSending ? descriptor : -1, Int32(CCLIENT_WRITABLE), stream, Int32(CCLIENT_WRITABLE))
                if ready < 0 || ready & CCLIENT_OTHER_READY == 0 { continue }
            }
            let rest = bytes.extracting(written..<bytes.byteCount)
            let result = rest.extracting(first: isSending ? Self.bytesWithoutWaiting : .max).withUnsafeBytes {
                cclient_write_once(stream, $0.baseAddress!, $0.count)
            }
            mustWait = -result == CCLIENT_EAGAIN
            if result >= 0 {
                written += result
            } else if !mustWait, -result != CCLIENT_EINTR {
                return result
            }
        }
        return 0
    }
}
