import Glibc

/// What an error that a handler threw means for its caller.
struct Failure {
    let status: ExitStatus

    /// The line for standard error, with its end; nil where there is nothing to say.
    let line: String?

    init(_ error: any Error, of call: UnsafeCall) {
        switch error {
        case let status as ExitStatus:
            self.init(status, "", of: call)
        case let failure as CommandFailure:
            self.init(failure.status, failure.message, of: call)
        case CallError.cancelled, is CancellationError:
            self.init(Self.status(ofCancelled: call), "", of: call)
        case CallError.closed:
            // As a program that writes into a closed pipe ends: in silence, and by that signal.
            self.init(.signal(SIGPIPE), "", of: call)
        default:
            self.init(.failure, "\(error)", of: call)
        }
    }

    private init(_ status: ExitStatus, _ message: String, of call: UnsafeCall) {
        self.status = status
        line = message.isEmpty ? nil : "\(String(decoding: call.arguments[0], as: UTF8.self)): \(message)\n"
    }

    /// By a signal 128 and its number, by time 124 as timeout(1) says it, else what Ctrl-C gives.
    private static func status(ofCancelled call: UnsafeCall) -> ExitStatus {
        switch call.cancellationReason {
        case .signal: .signal(call.host.pointee.last_signal(call.call))
        case .timeLimit: 124
        default: .signal(SIGINT)
        }
    }
}
