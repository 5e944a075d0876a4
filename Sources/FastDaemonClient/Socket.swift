#if hasFeature(Embedded)
    import CClientStatic
#else
    import CClient
    import FastDaemonProtocol
#endif

/// A connected socket, closed with its value.
struct Socket: ~Copyable {
    let descriptor: Int32
    let address: DaemonAddress

    deinit {
        cclient_close(descriptor)
    }

    /// Connects to a daemon.
    ///
    /// - Throws: `ClientError.Code.unreachable`.
    @inline(never)
    init(connectedTo address: DaemonAddress) throws(ClientError) {
        self.address = address
        switch address.endpoint {
        case .unix(let path):
            descriptor = try Self.connect(toUnixSocketAt: path, of: address)
        case .internet(let host?, let port):
            descriptor = try Self.connect(to: host, port, of: address)
        case .internet(nil, let port):
            descriptor = try Self.connect(toLoopback: port, of: address)
        }
    }

    private static func connect(toUnixSocketAt path: [UInt8], of address: DaemonAddress) throws(ClientError) -> Int32 {
        let result = withCString(path) { cclient_connect_unix($0, address.isDatagram) }
        if result >= 0 {
            return Int32(result)
        }
        let isOther = result == -CCLIENT_ECONNREFUSED && !withCString(path) { cclient_is_socket($0) }
        throw ClientError(
            .unreachable,
            """
            no daemon at \(address.text): \(isOther ? "it is not a socket" : errorText(-result))\
            \(hint(for: -result, isOther: isOther, address))
            """,
            isAbsence: !isOther && (result == -CCLIENT_ENOENT || result == -CCLIENT_ECONNREFUSED))
    }

    private static func hint(for number: Int, isOther: Bool, _ address: DaemonAddress) -> StaticString {
        switch number {
        case _ where isOther: "; check the path"
        case CCLIENT_ENOENT: "; check the path, or start fastdaemond"
        case CCLIENT_ECONNREFUSED: "; start fastdaemond"
        case CCLIENT_EACCES: "; its owner can let you in (\"mode\" and \"allowUsers\" of the listener)"
        case CCLIENT_EPROTOTYPE:
            address.isDatagram ? "; it is a stream socket: leave --dgram out" : "; it is a datagram socket: add --dgram"
        default: ""
        }
    }

    private static func connect(to host: [UInt8], _ port: UInt16, of address: DaemonAddress) throws(ClientError)
        -> Int32
    {
        var nameError: Int32 = 0
        let result = withCString(host) { cclient_connect_internet($0, port, address.isDatagram, &nameError) }
        if result >= 0 {
            return Int32(result)
        }
        if nameError != 0 {
            let reason = ByteText(cString: cclient_name_error_text(nameError))
            throw ClientError(.unreachable, "no daemon at \(address.text): cannot find the host: \(reason)")
        }
        throw unreachable(address, -result)
    }

    /// IPv4's loopback address, then IPv6's: a daemon may listen on either. A datagram meets no refusal before it is
    /// sent, so that the first is the only one for UDP.
    private static func connect(toLoopback port: UInt16, of address: DaemonAddress) throws(ClientError) -> Int32 {
        var nameError: Int32 = 0
        let result = cclient_connect_internet("127.0.0.1", port, address.isDatagram, &nameError)
        if result >= 0 {
            return Int32(result)
        }
        let other = cclient_connect_internet("::1", port, address.isDatagram, &nameError)
        if other >= 0 {
            return Int32(other)
        }
        throw unreachable(address, -result)
    }

    @inline(never)
    static func unreachable(_ address: DaemonAddress, _ number: Int) -> ClientError {
        let isAbsence = number == CCLIENT_ECONNREFUSED
        let hint: StaticString = isAbsence ? "; check the port, or start fastdaemond" : ""
        return ClientError(
            .unreachable, "no daemon at \(address.text): \(errorText(number))\(hint)", isAbsence: isAbsence)
    }
}

extension DaemonAddress {
    /// Connects, and hangs up.
    ///
    /// - Throws: `ClientError.Code.unreachable` where no daemon can be reached.
    @inline(never)
    public func checkReachable() throws(ClientError) {
        _ = try Socket(connectedTo: self)
    }
}

/// Calls `body` with `bytes` and the NUL that ends a C string.
private func withCString<Result>(_ bytes: [UInt8], _ body: (UnsafePointer<CChar>) -> Result) -> Result {
    (bytes + [0]).withUnsafeBytes { body($0.baseAddress!.assumingMemoryBound(to: CChar.self)) }
}
