import Glibc

/// How a worker process ended.
public enum WorkerEnd: Equatable, Sendable {
    case killed(signal: Int32)
    case exited(status: Int32)

    /// The exit status of callers whose call ran in it: 128 and the signal, as a shell has it. A process that ended itself has
    /// none that would not be taken for the command's own; it counts as an internal error (EX_SOFTWARE of sysexits(3)).
    public var exitStatus: UInt8 {
        switch self {
        case .killed(let signal): UInt8(truncatingIfNeeded: 128 + signal)
        case .exited: 70
        }
    }

    /// As in "its worker process was killed by SIGSEGV".
    public var description: String {
        switch self {
        case .killed(let signal): "was killed by \(Self.name(of: signal))"
        case .exited(let status): "called exit(\(status))"
        }
    }

    static func name(of signal: Int32) -> String {
        switch signal {
        case SIGHUP: "SIGHUP"
        case SIGINT: "SIGINT"
        case SIGQUIT: "SIGQUIT"
        case SIGILL: "SIGILL"
        case SIGTRAP: "SIGTRAP"
        case SIGABRT: "SIGABRT"
        case SIGBUS: "SIGBUS"
        case SIGFPE: "SIGFPE"
        case SIGKILL: "SIGKILL"
        case SIGSEGV: "SIGSEGV"
        case SIGPIPE: "SIGPIPE"
        case SIGALRM: "SIGALRM"
        case SIGTERM: "SIGTERM"
        case SIGXCPU: "SIGXCPU"
        case SIGXFSZ: "SIGXFSZ"
        case SIGSYS: "SIGSYS"
        default: "signal \(signal)"
        }
    }
}
