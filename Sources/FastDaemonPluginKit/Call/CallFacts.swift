import CFastDaemonPlugin
import Glibc

/// What a call tells of its caller: the part that ``Call`` and ``AsyncCall`` have in common.
public protocol CallFacts: ~Copyable {
    /// Hands out the host's own handle for the time of `body`, in which no other thread uses it; nil where the call has
    /// ended.
    func withUnsafeCall<Result: Sendable>(_ body: (UnsafeCall) -> Result) -> Result?
}

// MARK: - Words and surroundings

extension CallFacts where Self: ~Copyable {
    /// The words after the command's name. What is not UTF-8 is replaced by U+FFFD; see ``argumentBytes`` for the
    /// bytes.
    public var arguments: [String] {
        withUnsafeCall { $0.arguments.dropFirst().map { String(decoding: $0, as: UTF8.self) } } ?? []
    }

    /// The words after the command's name, as the caller gave them: any byte but zero.
    public var argumentBytes: [[UInt8]] {
        withUnsafeCall { $0.arguments.dropFirst().map { [UInt8]($0) } } ?? []
    }

    /// The command's name as it was called, which the config may have changed.
    public var commandName: String {
        withUnsafeCall { String(decoding: $0.arguments[0], as: UTF8.self) } ?? ""
    }

    /// The caller's environment, never the daemon's own. Empty where the protocol carries none. Of two variables with
    /// one name the first counts, as in getenv(3).
    public var environment: [String: String] {
        withUnsafeCall { raw in
            var variables: [String: String] = [:]
            for variable in raw.environment {
                let name = variable.prefix { $0 != UInt8(ascii: "=") }
                let value = String(decoding: variable.dropFirst(name.count + 1), as: UTF8.self)
                let key = String(decoding: name, as: UTF8.self)
                if variables[key] == nil { variables[key] = value }
            }
            return variables
        } ?? [:]
    }

    /// The caller's working directory; nil where the protocol carries none. The thread of a blocking or asynchronous
    /// handler is there already, so a relative path just works.
    public var workingDirectory: String? {
        withUnsafeCall { raw in
            let path = raw.host.pointee.working_directory(raw.call)
            return path.count == 0 ? nil : path.text
        } ?? nil
    }

    /// A descriptor of the caller's working directory, for openat(2) and the like; nil where it could not be opened. It
    /// is the host's: never close it.
    public var workingDirectoryDescriptor: Int32? {
        withUnsafeCall { nonNegative($0.host.pointee.working_directory_descriptor($0.call)) } ?? nil
    }

    /// What the caller's stream is now; nil where it is no terminal.
    public func terminal(on stream: StandardStream = .output) -> Terminal? {
        withUnsafeCall { Terminal(of: stream, in: $0) } ?? nil
    }
}

// MARK: - The call and its end

extension CallFacts where Self: ~Copyable {
    /// This call's number, as in the daemon's log.
    public var id: UInt64 { withUnsafeCall { $0.host.pointee.facts($0.call)!.pointee.id } ?? 0 }

    /// Who calls.
    public var caller: Caller { withUnsafeCall { Caller($0.host.pointee.facts($0.call)!.pointee) } ?? Caller() }

    /// How long the caller still waits; nil where it waits for ever. Negative once it has stopped waiting.
    public var timeLeft: Duration? {
        withUnsafeCall { raw in
            let deadline = raw.host.pointee.facts(raw.call)!.pointee.deadline
            guard deadline != 0 else { return nil }
            var now = timespec()
            clock_gettime(CLOCK_MONOTONIC, &now)
            return .nanoseconds(Int64(clamping: deadline)) - .seconds(now.tv_sec) - .nanoseconds(now.tv_nsec)
        } ?? nil
    }

    /// Whether the call was cancelled. Costs no more than reading a variable.
    public var isCancelled: Bool { cancellationReason != nil }

    /// Why the call was cancelled; nil where it was not.
    public var cancellationReason: CancellationReason? { withUnsafeCall { $0.cancellationReason } ?? nil }

    /// A descriptor that poll(2) finds readable from the moment the call is cancelled; nil where the process has no
    /// descriptor left. It is the host's: never read, write or close it.
    public var cancellationDescriptor: Int32? {
        withUnsafeCall { nonNegative($0.host.pointee.cancellation_descriptor($0.call)) } ?? nil
    }

    /// The number of the last signal that the caller sent; nil where there was none.
    public var lastSignal: Int32? {
        withUnsafeCall { raw in
            let number = raw.host.pointee.last_signal(raw.call)
            return number == 0 ? nil : number
        } ?? nil
    }

    /// Writes one line to the daemon's log, with this call's number. The text is only built where that level is logged.
    public func log(_ level: LogLevel, _ message: @autoclosure () -> String) {
        withUnsafeCall { $0.log(level, message) }
    }
}

private func nonNegative(_ descriptor: Int32) -> Int32? {
    descriptor < 0 ? nil : descriptor
}
