#if !hasFeature(Embedded)
    import FastDaemonClient
    import FastDaemonProtocol
#endif

/// Sends a command with standard input to its daemon, and writes what comes back while it comes.
func forward(_ request: Request) throws(ClientError) {
    let address = try DaemonAddress(port: request.port, host: request.host, datagram: request.isDatagram)
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

extension Request {
    /// The words as one string. The classic form has no quoting.
    fileprivate var commandLine: [UInt8] {
        form == .classic ? Array(command.joined(separator: [UInt8(ascii: " ")])) : Quoting.join(command)
    }
}
