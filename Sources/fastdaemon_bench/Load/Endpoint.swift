import CBench
import Glibc

/// A request could not even be tried: which address, and why; in words.
struct ConnectionError: Error, Equatable {
    let reason: String
    /// The errno behind it; 0 where there is none.
    var code: Int32 = 0
}

/// Where the daemon listens, resolved once.
struct Endpoint: Sendable {
    /// How the address is shown to people.
    let name: String
    let isUnix: Bool
    let isDatagram: Bool
    private let family: Int32
    private let address: [UInt8]
    /// Whether it is an IPv4 address of this machine's own network, whose 16 million addresses are all ours to call from.
    private let isLoopback: Bool

    init(_ options: Options) throws(ConnectionError) {
        isDatagram = options.isDatagram
        switch options.port {
        case .unix(let path):
            (name, isUnix, family) = (path, true, AF_UNIX)
            address = try Self.unixAddress(path)
        case .number(let port):
            let host = options.host ?? "127.0.0.1"
            name = "\(host.contains(":") ? "[\(host)]" : host):\(port)"
            isUnix = false
            (family, address) = try Self.resolve(host, port: port, isDatagram: isDatagram)
        }
        // struct sockaddr_in: family and port, two bytes each, then the address.
        isLoopback = family == AF_INET && address[4] == 127
    }

    /// A new socket, connected or, over TCP, on its way there. The caller closes it.
    ///
    /// While a Unix listener's queue is full this waits, up to `timeout` seconds, as TCP does by itself.
    ///
    /// - Parameter ordinal: Which of many short connections this is. On the loopback network each has one of 16,384 source
    ///   addresses in turn, because an address has some 28,000 ports, and each is taken for a minute after its connection.
    func connect(timeout: Double, ordinal: Int? = nil) throws(ConnectionError) -> Int32 {
        let kind = isDatagram ? SOCK_DGRAM : SOCK_STREAM
        let descriptor = socket(family, Int32(kind.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { throw failure(errno) }
        if isUnix, isDatagram {
            // Binding to the bare family gives the socket a name of the kernel's choice, to which the replies go.
            var local = sockaddr(sa_family: sa_family_t(AF_UNIX), sa_data: sockaddr().sa_data)
            bind(descriptor, &local, socklen_t(MemoryLayout<sa_family_t>.size))
        } else if !isUnix, !isDatagram {
            set(TCP_NODELAY, Int32(IPPROTO_TCP), Int32(1), on: descriptor)
            if let ordinal, isLoopback { useSource(ordinal, for: descriptor) }
        }
        var code = connect(descriptor)
        if isUnix, code == EAGAIN {
            // Only a blocking connect(2) waits for room in the queue. Sending and receiving use MSG_DONTWAIT anyway.
            set(SO_SNDTIMEO, SOL_SOCKET, timeval(seconds: timeout), on: descriptor)
            _ = fcntl(descriptor, F_SETFL, 0)
            code = connect(descriptor)
        }
        guard code == 0 || code == EINPROGRESS else {
            close(descriptor)
            throw failure(code)
        }
        return descriptor
    }

    /// The kernel picks the port at connect(2), when it knows both ends. Without an address it picks that too.
    private func useSource(_ ordinal: Int, for descriptor: Int32) {
        set(IP_BIND_ADDRESS_NO_PORT, Int32(IPPROTO_IP), Int32(1), on: descriptor)
        var local = sockaddr_in()
        local.sin_family = sa_family_t(AF_INET)
        local.sin_addr.s_addr = (0x7F01_0000 | UInt32(ordinal & 0x3FFF) << 2 | 2).bigEndian
        withUnsafeBytes(of: &local) { bytes in
            let address = bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self)
            _ = Glibc.bind(descriptor, address, socklen_t(bytes.count))
        }
    }

    /// - Returns: 0, or the errno.
    private func connect(_ descriptor: Int32) -> Int32 {
        address.withUnsafeBytes { bytes in
            let address = bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self)
            return Glibc.connect(descriptor, address, socklen_t(bytes.count)) == 0 ? 0 : errno
        }
    }

    /// Waits until the connection is made or refused.
    func finishConnecting(_ descriptor: Int32, timeout: Double) throws(ConnectionError) {
        guard !isUnix, !isDatagram else { return }
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard poll(&entry, 1, Int32(timeout * 1000)) > 0 else { throw failure(ETIMEDOUT) }
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length)
        guard code == 0 else { throw failure(code) }
    }

    /// The process that listens here, as a connected Unix socket knows it.
    func peerProcess(of descriptor: Int32) -> Int32? {
        guard isUnix, !isDatagram else { return nil }
        let process = cbench_peer_process(descriptor)
        return process > 0 ? process : nil
    }

    private func set<Value: BitwiseCopyable>(_ option: Int32, _ level: Int32, _ value: Value, on descriptor: Int32) {
        var value = value
        setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Value>.size))
    }

    /// The sentence for an errno of connect(2): what, why, what to do.
    func failure(_ code: Int32) -> ConnectionError {
        let advice: String
        switch code {
        case ENOENT, ECONNREFUSED: advice = "; is the daemon running, and does its config listen here?"
        case EACCES, EPERM: advice = "; this user may not use the socket"
        case EAGAIN: advice = ": its queue of waiting connections stayed full"
        case EMFILE, ENFILE: advice = "; raise the limit with 'ulimit -n' or ask for fewer connections"
        case EADDRNOTAVAIL: advice = "; all local ports are in use or waiting, a Unix socket needs none"
        case EPROTOTYPE: advice = isDatagram ? "; it is a stream socket, leave out --dgram" : "; --dgram may be missing"
        default: advice = ""
        }
        return ConnectionError(reason: "cannot connect to \(name): \(describe(code))\(advice)", code: code)
    }

    private static func unixAddress(_ path: String) throws(ConnectionError) -> [UInt8] {
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, bytes.count < MemoryLayout.size(ofValue: sockaddr_un().sun_path) else {
            throw ConnectionError(reason: "cannot connect to '\(path)': a socket's path has 1 to 107 bytes")
        }
        return withUnsafeBytes(of: sa_family_t(AF_UNIX)) { Array($0) } + bytes + [0]
    }

    private static func resolve(
        _ host: String, port: UInt16, isDatagram: Bool
    ) throws(ConnectionError) -> (Int32, [UInt8]) {
        var hints = addrinfo()
        hints.ai_socktype = Int32((isDatagram ? SOCK_DGRAM : SOCK_STREAM).rawValue)
        hints.ai_flags = AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &list)
        guard code == 0, let first = list?.pointee else {
            throw ConnectionError(reason: "cannot find host '\(host)': \(String(cString: gai_strerror(code)))")
        }
        defer { freeaddrinfo(list) }
        return (first.ai_family, Array(UnsafeRawBufferPointer(start: first.ai_addr, count: Int(first.ai_addrlen))))
    }
}

/// What the system says of an errno.
func describe(_ code: Int32) -> String {
    String(cString: strerror(code))
}

extension timeval {
    fileprivate init(seconds: Double) {
        let microseconds = Int(seconds * 1e6)
        self.init(tv_sec: microseconds / 1_000_000, tv_usec: microseconds % 1_000_000)
    }
}
