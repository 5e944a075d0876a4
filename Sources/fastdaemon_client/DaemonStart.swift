#if hasFeature(Embedded)
    import CClientStatic
#else
    import CClient
    import FastDaemonClient
    import FastDaemonProtocol
#endif

/// Starts a daemon for an address where none answers, and waits until it is ready.
///
/// Of many clients that find no daemon at once the first that has the lock starts one; the others then find it.
struct DaemonStart {
    let address: DaemonAddress

    /// The number of the port, or the path of the socket.
    let port: [UInt8]

    /// How long a daemon may take to become ready, and how long a client waits for another that starts one, in milliseconds.
    private static let patience = 30_000

    /// How long it waits before it looks again.
    private static let pause = 20

    /// The address, as messages show it.
    private var name: ByteText { address.text }

    /// Returns once a daemon answers at the address.
    func run() throws(ClientError) {
        let folder = try OwnFolder.runtime()
        guard let lock = try lock(in: folder) else { return }
        defer { cclient_close(lock) }
        let log = try DaemonLog(orIn: folder)
        do throws(ClientError) {
            try start(log)
        } catch {
            // One that was started otherwise may have come up meanwhile, and be in the way of this one.
            guard (try? address.checkReachable()) != nil else { throw error }
        }
    }

    /// Waits for the lock of those who start a daemon here; `nil` where a daemon answers by then. Whoever has the lock may have
    /// been stopped, so a daemon that answers is enough.
    private func lock(in folder: borrowing OwnFolder) throws(ClientError) -> Int32? {
        for _ in 0..<(Self.patience / Self.pause) {
            let lock = withTerminated(port) { cclient_lock(folder.descriptor, $0, address.isUnixSocket) }
            do throws(ClientError) {
                try address.checkReachable()
                if lock >= 0 { cclient_close(Int32(lock)) }
                return nil
            } catch {
                if !error.isAbsence { throw error }
            }
            if lock >= 0 { return Int32(lock) }
            guard lock == -CCLIENT_EAGAIN else { throw .cannotStart("cannot lock a file in \(folder.path)", lock) }
            cclient_pause(Int32(Self.pause))
        }
        throw .noDaemon("no daemon at \(name); another client has been about to start one for \(Self.patienceText)")
    }

    private static var patienceText: ByteText { "\(patience / 1_000) seconds" }

    private func start(_ log: borrowing DaemonLog) throws(ClientError) {
        var variable = [CChar](repeating: 0, count: Int(CCLIENT_NOTICES_VARIABLE_BYTES))
        let notices = cclient_bind_notices(&variable)
        guard notices >= 0 else { throw .cannotStart("cannot listen for it", notices) }
        defer { cclient_close(Int32(notices)) }
        let keeper = cclient_start("fastdaemond", log.descriptor, variable)
        guard keeper > 0 else { throw .cannotStart("fastdaemond cannot be run", keeper) }
        let report = try wait(for: keeper, notices: Int32(notices), log)
        let listens = (try? address.checkReachable()) != nil
        cclient_release(keeper, !listens)
        if !listens {
            throw .noDaemon(
                """
                no daemon at \(name); fastdaemond was started and stopped again, since it does not listen there\
                \(report); its log is \(log.path)
                """)
        }
    }

    /// Waits until the daemon is ready. Returns what it says of itself, in words that end a clause.
    private func wait(
        for keeper: Int, notices: Int32, _ log: borrowing DaemonLog
    ) throws(ClientError) -> ByteText {
        var report = [UInt8](repeating: 0, count: 4096)
        var status: Int32 = 0
        let count = report.withUnsafeMutableBytes {
            cclient_await_readiness(notices, keeper, Self.patience, $0.baseAddress!, $0.count, &status)
        }
        if count >= 0 {
            return count == 0 ? "" : ": \(Array(report[..<count]))"
        }
        let reason: ByteText
        switch count {
        case -CCLIENT_ECHILD:
            reason = ", and fastdaemond, which was started, ended with status \(Int(status))\(log.lastLines())"
        case -CCLIENT_ENOENT:
            reason = ", and fastdaemond, which would be started, is neither beside this program nor on $PATH"
        case -CCLIENT_EAGAIN:
            cclient_release(keeper, true)
            reason = """
                ; fastdaemond was started and stopped again, since it was not ready after \(Self.patienceText); \
                its log is \(log.path)
                """
        default:
            throw .cannotStart("fastdaemond cannot be run", count)
        }
        throw .noDaemon("no daemon at \(name)\(reason)")
    }
}

extension ClientError {
    /// No daemon could be started.
    static func noDaemon(_ text: ByteText) -> ClientError {
        ClientError(.unreachable, text)
    }

    /// What is needed to start a daemon failed with a negated error number.
    static func cannotStart(_ action: ByteText, _ result: Int) -> ClientError {
        noDaemon("cannot start a daemon: \(action): \(ByteText(cString: cclient_error_text(-result)))")
    }
}
