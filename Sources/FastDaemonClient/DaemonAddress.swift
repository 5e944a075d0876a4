#if hasFeature(Embedded)
    import CClientStatic
#else
    import CClient
    import FastDaemonProtocol
#endif

/// Where a daemon listens.
public struct DaemonAddress: Sendable, Equatable, CustomStringConvertible {
    enum Endpoint: Sendable, Equatable {
        /// The bytes of the path, without a NUL.
        case unix(path: [UInt8])
        /// The bytes of a name or numeric address, without a NUL; `nil` is the loopback address.
        case internet(host: [UInt8]?, port: UInt16)
    }

    let endpoint: Endpoint

    /// Whether a request is one datagram, and its reply another.
    public let isDatagram: Bool

    /// Whether it is a path on this machine: a daemon there knows the same folders.
    public var isUnixSocket: Bool {
        if case .unix = endpoint { true } else { false }
    }

    /// Whether the address is of this machine: the path of a Unix socket, or a port of a loopback address.
    public var isOfThisMachine: Bool {
        guard case .internet(let host?, _) = endpoint else { return true }
        return host == ("localhost" as ByteText).bytes || host == ("::1" as ByteText).bytes
            || Array(host.prefix(4)) == ("127." as ByteText).bytes
    }

    /// The address that `port` names: digits are a TCP port (UDP with `datagram`) of `host`, and anything else is the
    /// path of a Unix socket. Left out, `host` is the loopback address.
    ///
    /// - Throws: `ClientError.Code.invalidArgument`.
    public init(port: [UInt8], host: [UInt8]? = nil, datagram: Bool = false) throws(ClientError) {
        isDatagram = datagram
        if !port.isEmpty, port.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) {
            if let host, host.isEmpty || host.contains(0) {
                throw ClientError(.invalidArgument, "the host is empty or holds a NUL byte")
            }
            endpoint = .internet(host: host, port: try Self.portNumber(port))
        } else {
            if host != nil {
                throw ClientError(
                    .invalidArgument,
                    "a host goes with a port number, and \"\(port)\" is the path of a Unix socket")
            }
            endpoint = .unix(path: try Self.checked(path: port))
        }
    }

    private static func portNumber(_ digits: [UInt8]) throws(ClientError) -> UInt16 {
        var number = 0
        for digit in digits where number <= UInt16.max {
            number = number * 10 + Int(digit - UInt8(ascii: "0"))
        }
        guard let port = UInt16(exactly: number), port > 0 else {
            throw ClientError(.invalidArgument, "port \(digits) is not between 1 and 65535")
        }
        return port
    }

    private static func checked(path: [UInt8]) throws(ClientError) -> [UInt8] {
        if path.isEmpty || path.contains(0) {
            throw ClientError(.invalidArgument, "the path of the socket is empty or holds a NUL byte")
        }
        let longest = Int(CCLIENT_LONGEST_UNIX_PATH)
        if path.count > longest {
            throw ClientError(
                .invalidArgument,
                "the path of a Unix socket has at most \(longest) bytes, and this one has \(path.count): \(path); use a relative path"
            )
        }
        return path
    }

    /// The address as messages show it: a path, `HOST:PORT` or `[HOST]:PORT`.
    public var description: String { text.description }

    /// The same, for programs without a `String`.
    @inline(never)
    public var text: ByteText {
        switch endpoint {
        case .unix(let path):
            return "\(path)"
        case .internet(let host, let port):
            let host = host ?? Self.loopback
            let name: ByteText = host.contains(UInt8(ascii: ":")) ? "[\(host)]" : "\(host)"
            return "\(name):\(Int(port))\(isDatagram ? " (UDP)" : "" as StaticString)"
        }
    }

    /// IPv4's loopback address, where a daemon listens unless it was told otherwise.
    static var loopback: [UInt8] { ("127.0.0.1" as ByteText).bytes }
}
