#if hasFeature(Embedded)
    import CClientStatic
#else
    import CClient
    import FastDaemonClient
    import FastDaemonProtocol
#endif

/// Runs a session, or finds out whether a daemon is there for a record. Where none can be reached, it does what the request
/// says instead: starts a daemon and tries again, or runs the words as a program of this machine, and does not return then.
///
/// - Returns: The status to exit with.
func reach(_ request: Request, at address: DaemonAddress) throws(ClientError) -> Int32 {
    try request.checkOptions(for: address)
    var failure: ClientError
    do throws(ClientError) {
        return try attempt(request, at: address)
    } catch {
        failure = error
    }
    if request.startsDaemon, failure.isAbsence {
        do throws(ClientError) {
            try DaemonStart(address: address, port: request.port).run()
            return try attempt(request, at: address)
        } catch {
            failure = error
        }
    }
    if request.runsLocally, failure.code == .unreachable {
        runLocally(request.command)
    }
    throw failure
}

/// Nothing of standard input may have been read where it throws `unreachable`.
private func attempt(_ request: Request, at address: DaemonAddress) throws(ClientError) -> Int32 {
    if request.form == .session {
        return try forwardInSession(request, to: address)
    }
    try address.checkReachable()
    return ExitStatus.success
}

extension Request {
    /// Whether it has to be known that a daemon is there before standard input is read.
    var needsReach: Bool { startsDaemon || runsLocally }

    fileprivate func checkOptions(for address: DaemonAddress) throws(ClientError) {
        if startsDaemon, !address.isOfThisMachine {
            throw .usage("--start is for a daemon on this machine, not at \(address.text)")
        }
        if needsReach, address.isDatagram, !address.isUnixSocket {
            throw .usage("--start and --or-exec cannot tell whether a daemon is there over UDP")
        }
    }
}

/// The process becomes the program that the words name, as if they had been typed without this one.
private func runLocally(_ words: [[UInt8]]) -> Never {
    let strings = joined(words, separator: 0) + [0]
    let result = strings.withUnsafeBytes {
        cclient_exec($0.baseAddress!.assumingMemoryBound(to: CChar.self), words.count)
    }
    let isMissing = result == -CCLIENT_ENOENT
    let reason: ByteText =
        isMissing
        ? "there is no such program here"
        : "the program cannot be run: \(ByteText(cString: cclient_error_text(-result)))"
    ClientError(.unreachable, "no daemon can be reached to run \(words[0]), and \(reason)").report()
    cclient_exit(isMissing ? ExitStatus.notFound : ExitStatus.cannotRun)
}
