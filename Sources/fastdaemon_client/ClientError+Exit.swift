#if hasFeature(Embedded)
    import CClientStatic
#else
    import CClient
    import FastDaemonClient
    import FastDaemonProtocol
#endif

/// The statuses that the program exits with. Those of its own are the ones of sysexits.h.
enum ExitStatus {
    static let success: Int32 = 0
    static let usage: Int32 = 64
    static let unavailable: Int32 = 69
    static let inputOutput: Int32 = 74
    static let `protocol`: Int32 = 76
    static let timedOut: Int32 = 124

    /// Those of a shell: a program that cannot be run, and one that is not there.
    static let cannotRun: Int32 = 126
    static let notFound: Int32 = 127

    /// What a shell shows for a program that a broken pipe ended: 128 and the number of SIGPIPE.
    static let brokenPipe: Int32 = 128 + 13
}

extension ClientError {
    /// The words that the program was called with are off.
    static func usage(_ text: ByteText) -> ClientError {
        ClientError(.invalidArgument, "\(text); see fastdaemon_client --help")
    }

    /// The status to exit with.
    var exitStatus: Int32 {
        switch code {
        case .invalidArgument, .requestTooLarge: ExitStatus.usage
        case .unreachable: ExitStatus.unavailable
        case .notTheProtocol, .endedEarly, .connectionEnded: ExitStatus.protocol
        case .system(Int32(CCLIENT_EPIPE)): ExitStatus.brokenPipe
        case .system: ExitStatus.inputOutput
        }
    }

    /// Says on standard error, in one line, what failed. A broken pipe goes without words, as it does with `cat`.
    func report() {
        if exitStatus == ExitStatus.brokenPipe {
            return
        }
        StandardErrors.write(line: text)
    }
}
