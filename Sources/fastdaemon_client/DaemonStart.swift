#if hasFeature(Embedded)
    import CClientStatic
#else
    import CClient
    import FastDaemonClient
#endif

/// Starts a daemon for an address where none answers, and waits until it is ready.
///
/// Of many clients that find no daemon at once the first that has the lock starts one; the others then find it.
struct DaemonStart {
    let address: DaemonAddress

    /// How long a daemon may take to become ready, and how long a client waits for others that start one before it tries
    /// itself, in milliseconds.
    private static let patience = 30_000

    init(at address: DaemonAddress) {
        self.address = address
    }

    /// The address, as messages show it.
    private var name: String { address.description }

    /// Returns once a daemon answers at the address.
    func run() throws(ClientError) {
        let began = cclient_milliseconds()
        let folder = try RuntimeFolder()
        let lock = try folder.lock()
        defer { cclient_close(lock) }
        do throws(ClientError) {
            return try address.checkReachable()
        } catch {
            // An absent one nobody else has started while this client waited for the lock.
            if !error.isAbsence { throw error }
        }
        let log = try DaemonLog(in: folder)
        if cclient_milliseconds() - began > Self.patience {
            throw .noDaemon(["no daemon at ", name, "; other clients have tried to start one; its log is ", log.name])
        }
        let readiness: Readiness
        do throws(ClientError) {
            readiness = try start(folder, log)
        } catch {
            // One that was started otherwise may have come up meanwhile, and be in the way of this one.
            guard (try? address.checkReachable()) != nil else { throw error }
            return
        }
        do throws(ClientError) {
            try address.checkReachable()
        } catch {
            throw .noDaemon(
                ["fastdaemond was started, but does not listen at ", name, readiness.report, "; its log is ", log.name])
        }
    }

    private func start(
        _ folder: RuntimeFolder, _ log: borrowing DaemonLog
    ) throws(ClientError) -> Readiness {
        let path = folder.file("notify")
        let notices = withTerminated(path) { cclient_bind_notices($0) }
        guard notices >= 0 else { throw .cannotStart("cannot listen at ", path, notices) }
        defer {
            cclient_close(Int32(notices))
            withTerminated(path) { cclient_remove($0) }
        }
        let variable = Array("NOTIFY_SOCKET=".utf8) + path
        let process = withTerminated(variable) { cclient_start("fastdaemond", log.descriptor, $0) }
        if process == -CCLIENT_ENOENT {
            throw .noDaemon(
                [
                    "no daemon at ", name,
                    ", and fastdaemond, which would be started, is neither beside this program nor on $PATH",
                ])
        }
        guard process > 0 else { throw .cannotStart("fastdaemond cannot be run", [], process) }
        return try wait(for: process, notices: Int32(notices), log)
    }

    private func wait(
        for process: Int, notices: Int32, _ log: borrowing DaemonLog
    ) throws(ClientError) -> Readiness {
        let deadline = cclient_milliseconds() + Self.patience
        var notice = [UInt8](repeating: 0, count: 4096)
        while true {
            var status: Int32 = 0
            let rest = max(deadline - cclient_milliseconds(), 0)
            let count = notice.withUnsafeMutableBytes {
                cclient_await_notice(notices, process, rest, $0.baseAddress!, $0.count, &status)
            }
            if count >= 0 {
                if let readiness = Readiness(notice[..<count]) { return readiness }
            } else if count == -CCLIENT_ECHILD {
                throw .noDaemon(
                    [
                        "no daemon at ", name, ", and fastdaemond, which was started, ended with status ", "\(status)",
                        log.lastLines(),
                    ])
            } else if count == -CCLIENT_EAGAIN {
                cclient_end(process)
                throw .noDaemon(
                    [
                        "no daemon at ", name,
                        "; fastdaemond was started and stopped again, since it was not ready after ",
                        "\(Self.patience / 1_000) seconds; its log is ", log.name,
                    ])
            } else {
                throw .cannotStart("cannot wait for fastdaemond", [], count)
            }
        }
    }
}

/// What a daemon says of itself when it is ready (sd_notify(3)).
private struct Readiness {
    private let status: ArraySlice<UInt8>

    /// `nil` where the notice does not say that the daemon is ready.
    init?(_ notice: ArraySlice<UInt8>) {
        let lines = notice.split(separator: UInt8(ascii: "\n"))
        guard lines.contains(where: { $0 == "READY=1" }) else { return nil }
        status = lines.first { $0.prefix(7) == "STATUS=" }?.dropFirst(7) ?? []
    }

    /// Where it listens, in words that end a clause.
    var report: String { status.isEmpty ? "" : ": " + text(status) }
}

extension ClientError {
    /// No daemon could be started; the text is in parts, because each joining of two is code of its own.
    static func noDaemon(_ text: [String]) -> ClientError {
        ClientError(.unreachable, text.reduce(into: "") { $0 += $1 })
    }

    /// What is needed to start a daemon failed with a negated error number.
    static func cannotStart(_ action: String, _ path: [UInt8], _ result: Int) -> ClientError {
        noDaemon(["cannot start a daemon: ", action, text(path), ": ", String(cString: cclient_error_text(-result))])
    }
}
