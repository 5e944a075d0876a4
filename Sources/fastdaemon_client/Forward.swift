#if !hasFeature(Embedded)
    import FastDaemonClient
    import FastDaemonProtocol
#endif

/// Runs a command in its daemon, and writes what comes back while it comes. Returns the status to exit with.
func forward(_ request: Request) throws(ClientError) -> Int32 {
    let address = try DaemonAddress(port: request.port, host: request.host, datagram: request.isDatagram)
    if request.form == .session {
        return try reach(request, at: address)
    }
    if request.needsReach {
        _ = try reach(request, at: address)
    }
    try forwardInRecord(request, to: address)
    return ExitStatus.success
}

/// Sends a command with all of standard input.
private func forwardInRecord(_ request: Request, to address: DaemonAddress) throws(ClientError) {
    // The input is read first: a daemon gives its peer little time between the connecting and the request.
    let input = try StandardInput()
    let line = request.commandLine
    var connection = try ClientConnection(to: address)
    try input.withBytes { (input) throws(ClientError) in
        let (first, second) = request.form == .classic ? (input, line.span.bytes) : (line.span.bytes, input)
        try connection.transfer(first, second) { (part, bytes) throws(ClientError) in
            try StandardOutput.write(bytes, of: part)
        }
    }
}

/// The words one after the other, with `separator` between two.
func joined(_ words: [[UInt8]], separator: UInt8) -> [UInt8] {
    var line: [UInt8] = []
    for (index, word) in words.enumerated() {
        if index > 0 { line.append(separator) }
        line.append(contentsOf: word)
    }
    return line
}

extension Request {
    /// The words as one string. The classic form has no quoting.
    fileprivate var commandLine: [UInt8] {
        form == .classic ? joined(command, separator: UInt8(ascii: " ")) : Quoting.join(command)
    }
}
