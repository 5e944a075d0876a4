/// What a daemon tells its service manager, in the words of sd_notify(3): lines of `NAME=value`.
enum ServiceNotice: Equatable {
    /// All listeners are open, or a changed config is in force.
    case ready(status: String)

    /// A changed config is being taken up, since `time` in nanoseconds of the monotonic clock; `ready` follows, whatever
    /// comes of it.
    case reloading(time: UInt64)

    /// It goes down, by itself or because it was told to.
    case stopping(status: String)

    /// How things stand, for people.
    case status(String)

    /// Every event loop has answered since this was last said.
    case alive(status: String)

    /// Another process is the daemon from now on. It is alive, and has the whole of the watchdog's time to say so itself.
    case mainProcess(Int32, status: String)

    /// The lines.
    var text: String {
        switch self {
        case .ready(let status): "READY=1\n\(Self.line(status))"
        case .reloading(let time): "RELOADING=1\nMONOTONIC_USEC=\(time / 1000)\n"
        case .stopping(let status): "STOPPING=1\n\(Self.line(status))"
        case .status(let status): Self.line(status)
        case .alive(let status): "WATCHDOG=1\n\(Self.line(status))"
        case .mainProcess(let process, let status): "MAINPID=\(process)\nWATCHDOG=1\n\(Self.line(status))"
        }
    }

    private static func line(_ status: String) -> String {
        "STATUS=\(String(status.map { $0.isNewline ? " " : $0 }))\n"
    }
}
