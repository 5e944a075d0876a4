/// One call of a command, in the hands of a blocking or stepwise handler.
///
/// It is borrowed, for the thread that runs the handler: it can neither be kept beyond the handler nor be handed to
/// another thread. A handler that works with several tasks at once takes the asynchronous form.
public struct Call: ~Copyable, CallFacts {
    @usableFromInline
    let raw: UnsafeCall

    @inlinable
    init(_ raw: UnsafeCall) {
        self.raw = raw
    }

    /// Hands out the host's own handle; the call lasts at least as long as `body`.
    public func withUnsafeCall<Result: Sendable>(_ body: (UnsafeCall) -> Result) -> Result? {
        body(raw)
    }

    /// The arguments as the host keeps them, the command's name first; not copied.
    @inlinable
    public var rawArguments: ByteStrings { raw.arguments }

    /// The environment as the host keeps it, `NAME=VALUE` each; not copied.
    public var rawEnvironment: ByteStrings { raw.environment }

    /// Tells the caller of an error, and answers the status that the call ends with.
    @usableFromInline
    func end(with error: any Error) -> ExitStatus {
        let failure = Failure(error, of: raw)
        guard let line = failure.line else { return failure.status }
        do {
            try write(line, to: .standardError)
        } catch let writing {
            log(.notice, "could not tell the caller (\(writing)): \(line.dropLast())")
        }
        return failure.status
    }
}
