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
    let begin = request.isVerbose ? cclient_milliseconds() : 0
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
    if request.isVerbose {
        let duration = seconds(UInt32(clamping: cclient_milliseconds() - begin))
        let call: ByteText = result.call == 0 ? "no call" : "call \(result.call)"
        StandardErrors.write(line: "\(call): status \(Int(result.status)), \(duration) s")
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
    let text: ByteText = "fastdaemon_client: no answer from \(address.text) within \(seconds(milliseconds)) s\n"
    text.bytes.withUnsafeBytes {
        cclient_limit_time(UInt64(milliseconds) + 500, $0.baseAddress!, $0.count, ExitStatus.timedOut)
    }
}

/// As in "1.5".
private func seconds(_ milliseconds: UInt32) -> ByteText {
    let digit = { (unit: UInt32) in UInt8(ascii: "0") + UInt8(milliseconds / unit % 10) }
    var fraction = [UInt8(ascii: "."), digit(100), digit(10), digit(1)]
    while fraction.last == UInt8(ascii: "0") || fraction.last == UInt8(ascii: ".") { fraction.removeLast() }
    return "\(Int(milliseconds / 1_000))\(fraction)"
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
            // What a command needs for its texts, and no more: another machine's paths and secrets are none of its business.
            session.environment = .environment { [environmentNames] name in
                let name = Array(name)
                return name == "TERM" || name == "LANG" || name == "COLORTERM" || name == "NO_COLOR"
                    || Array(name.prefix(3)) == "LC_" || environmentNames.contains { $0 == name }
            }
        }
        session.terminals = SessionRequest.callersTerminals()
        session.timeout = timeout
        return session
    }
}
