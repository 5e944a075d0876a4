import CFastDaemonPlugin

/// The host's own handle of one call, for what the kit has no Swift form of. It is good until the call has ended, and
/// its functions may be called as `fastdaemon_plugin.h` says: most of them by one thread at a time.
///
/// `@unchecked Sendable`: two addresses; whoever uses them follows the header.
public struct UnsafeCall: @unchecked Sendable {
    /// The host's services.
    public let host: UnsafePointer<fastdaemon_host>

    /// What they are told which call is meant with.
    public let call: OpaquePointer
}

// What a handler asks for in every call is compiled into the handler.
extension UnsafeCall {
    /// The arguments, the command's name first.
    @inlinable
    var arguments: ByteStrings {
        var count = 0
        let first = host.pointee.arguments(call, &count)
        return ByteStrings(UnsafeBufferPointer(start: first, count: count))
    }

    /// The environment, `NAME=VALUE` each.
    var environment: ByteStrings {
        var count = 0
        let first = host.pointee.environment(call, &count)
        return ByteStrings(UnsafeBufferPointer(start: first, count: count))
    }

    var cancellationReason: CancellationReason? { CancellationReason(code: host.pointee.cancelled(call)) }

    func log(_ level: LogLevel, _ message: () -> String) {
        host.log(level, message, instance: host.pointee.instance(call), call: call)
    }

    /// Ends a call whose `run` said that it goes on. Nothing of the call is left after this.
    func finish(_ status: ExitStatus) {
        host.pointee.finish(call, status.code)
    }

    /// Reads the next piece of standard input.
    @inlinable
    func read(waiting: Bool) throws(CallError) -> InputPiece {
        var piece = fastdaemon_bytes()
        let flags = waiting ? FASTDAEMON_MAY_WAIT : FASTDAEMON_DO_NOT_WAIT
        let answer = host.pointee.read(call, &piece, UInt32(flags))
        if answer > 0 { return .bytes(piece.bytes) }
        if answer == 0 { return .end }
        if Int(answer) == FASTDAEMON_ERROR_AGAIN { return .notYet }
        throw CallError(code: Int(answer))
    }

    /// Writes, and returns how many bytes were taken: 0 where none could be without waiting.
    @inlinable
    func write(_ bytes: UnsafeRawBufferPointer, to stream: OutputStream, waiting: Bool) throws(CallError) -> Int {
        let flags = waiting ? FASTDAEMON_MAY_WAIT : FASTDAEMON_DO_NOT_WAIT
        let answer = host.pointee.write(call, stream.rawValue, bytes.baseAddress, bytes.count, UInt32(flags))
        if answer >= 0 { return Int(answer) }
        if answer == FASTDAEMON_ERROR_AGAIN { return 0 }
        throw CallError(code: Int(answer))
    }
}

/// What reading without waiting finds.
public enum InputPiece {
    /// Bytes of the host's, at least one; valid until the next read of this call, or its end.
    case bytes(UnsafeRawBufferPointer)

    /// The input has ended.
    case end

    /// Nothing is there yet.
    case notYet
}

/// Where a command writes.
public enum OutputStream: UInt32, Sendable {
    /// The caller's standard output.
    case standardOutput = 1

    /// The caller's standard error.
    case standardError = 2
}
