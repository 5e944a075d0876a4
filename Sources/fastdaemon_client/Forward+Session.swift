#if hasFeature(Embedded)
    import CClientStatic
#else
    import CClient
    import FastDaemonClient
    import FastDaemonProtocol
#endif

/// Runs a command as if it were this process. Returns the status to exit with.
func forwardInSession(_ request: Request, to address: DaemonAddress) throws(ClientError) -> Int32 {
    let result: SessionResult
    let session = try request.session(to: address)
    limitTime(request.timeout, address)
    do throws(ClientError) {
        result = try forwardSession(session, to: address)
    } catch {
        // What is done instead, where anything is, has no such limit.
        if request.timeout != nil { cclient_lift_time_limit() }
        throw error
    }
    if !result.text.isEmpty {
        StandardErrors.write(line: printable(result.text))
    }
    let signal = cclient_forwarded_signal()
    if signal != 0, result.verdict == .completed, Int32(result.status) == 128 + signal {
        // A shell stops its script where a program ended by Ctrl-C, and not where it exited.
        cclient_end_by_signal(signal)
    }
    return Int32(result.status)
}

/// The daemon keeps the limit. It may have stopped, or have no room for a connection, so it gets half a second more.
private func limitTime(_ milliseconds: UInt32?, _ address: DaemonAddress) {
    guard let milliseconds else { return }
    let text = Array("fastdaemon_client: no answer from \(address) within \(seconds(milliseconds)) s\n".utf8)
    text.withUnsafeBytes {
        cclient_limit_time(UInt64(milliseconds) + 500, $0.baseAddress!, $0.count, ExitStatus.timedOut)
    }
}

/// As in "1.5".
private func seconds(_ milliseconds: UInt32) -> String {
    var (rest, unit) = (milliseconds % 1_000, UInt32(100))
    var text = "\(milliseconds / 1_000)" + (rest == 0 ? "" : ".")
    while rest > 0 {
        text += "\(rest / unit)"
        (rest, unit) = (rest % unit, unit / 10)
    }
    return text
}

extension Request {
    /// The command with what it is told of its caller.
    fileprivate func session(to address: DaemonAddress) throws(ClientError) -> SessionRequest {
        guard let name = command.first, !name.isEmpty else {
            throw .usage("the name of the command is empty")
        }
        var session = SessionRequest(ByteStrings(command))
        if address.isUnixSocket {
            session.environment = .environment()
            session.directory = try SessionRequest.callersDirectory()
        } else {
            session.environment = .environment { name in
                Self.variablesOfText.contains { name.elementsEqual($0) } || name.starts(with: "LC_".utf8)
                    || environmentNames.contains { name.elementsEqual($0) }
            }
        }
        session.terminals = SessionRequest.callersTerminals()
        session.timeout = timeout
        return session
    }

    /// What a command needs for its texts, and no more: another machine's paths and secrets are none of its business.
    private static var variablesOfText: [String.UTF8View] {
        ["TERM".utf8, "LANG".utf8, "COLORTERM".utf8, "NO_COLOR".utf8]
    }
}
