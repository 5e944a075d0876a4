/// Connects to the daemon at `port`: digits are a TCP port (UDP with `datagram`) of `host`, the loopback address where
/// that is left out, and anything else is the path of a Unix socket.
///
/// - Parameter limit: The most bytes that the two strings of a reply may have together.
/// - Throws: `ClientError.Code.invalidArgument` and `unreachable`.
public func startClient(
    port: String, host: String? = nil, datagram: Bool = false, limit: Int = ClientConnection.defaultLimit
) throws(ClientError) -> ClientConnection {
    let host = host.map { Array($0.utf8) }
    let address = try DaemonAddress(port: Array(port.utf8), host: host, datagram: datagram)
    return try ClientConnection(to: address, limit: limit)
}
