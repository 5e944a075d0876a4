#if !hasFeature(Embedded)
    import FastDaemonProtocol
#endif

/// Runs a command in a daemon, and waits for its end.
///
/// ```swift
/// let daemon = try DaemonAddress(port: Array("fastdaemon.sock".utf8))
/// let result = try runSession(SessionRequest("count", "-l"), to: daemon, input: .descriptor(0)) { stream, bytes in
///     ...
/// }
/// ```
///
/// - Parameters:
///   - input: The command's standard input, which is read only when the command asks for it.
///   - output: Gets the next bytes that the command wrote, in the order in which it wrote them, valid until it returns. The
///     command is held up while it works.
/// - Returns: How the session ended; that the daemon has no such command is no error.
/// - Throws: What `output` throws, and `ClientError.Code.unreachable`, `requestTooLarge`, `notTheProtocol`, `endedEarly`,
///   `system`.
public func runSession(
    _ request: SessionRequest, to address: DaemonAddress, input: SessionInput = .none,
    output: (SessionStream, RawSpan) throws(ClientError) -> Void
) throws(ClientError) -> SessionResult {
    var connection = try SessionConnection(request, to: address, input: input)
    return try connection.run { (_, stream, bytes) throws(ClientError) in
        try output(stream, bytes)
    }
}
