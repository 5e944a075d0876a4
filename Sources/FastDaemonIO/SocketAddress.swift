import CLinux
import FastDaemonSystem
import Glibc

/// Where a socket listens, or where a peer is: a path, or an IP address and a port.
public struct SocketAddress: Sendable, CustomStringConvertible {
    private var storage: sockaddr_storage
    private var length: socklen_t

    /// The longest path that a Unix socket's address holds, in bytes.
    public static let longestPath = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

    /// The address of the Unix socket at `path`.
    public static func unix(_ path: String) throws(IOError) -> SocketAddress {
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, !bytes.contains(0), bytes.count <= longestPath else {
            throw IOError(
                "use", "the socket path \"\(path)\"",
                because: bytes.isEmpty
                    ? "it is empty"
                    : bytes.contains(0)
                        ? "it has a NUL in it" : "it is \(bytes.count) bytes long, and an address holds \(longestPath)")
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return SocketAddress(copying: address)
    }

    /// The address `text` names: `127.0.0.1:9998`, `[::1]:9998` or `localhost:9998`. Port 0 lets the kernel choose.
    public static func ip(_ text: String) throws(IOError) -> SocketAddress {
        // `UInt16` would take a sign, too.
        guard let colon = text.lastIndex(of: ":"), text[colon...].dropFirst().first?.isWholeNumber == true,
            let port = UInt16(text[text.index(after: colon)...])
        else {
            throw IOError("use", "the address \"\(text)\"", because: "it is not HOST:PORT, as in 127.0.0.1:9998")
        }
        var host = String(text[..<colon])
        if host == "localhost" { host = "127.0.0.1" }
        if host.hasPrefix("["), host.hasSuffix("]") {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            if parse(String(host.dropFirst().dropLast()), as: AF_INET6, into: &address.sin6_addr) {
                return SocketAddress(copying: address)
            }
        } else {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            if parse(host, as: AF_INET, into: &address.sin_addr) { return SocketAddress(copying: address) }
        }
        throw IOError(
            "use", "the address \"\(text)\"",
            because: "\"\(host)\" is not an IPv4 address, an IPv6 address in brackets, or localhost")
    }

    private static func parse(_ host: String, as family: Int32, into address: UnsafeMutableRawPointer) -> Bool {
        // C would see only what stands before a NUL.
        !host.utf8.contains(0) && inet_pton(family, host, address) == 1
    }

    private init<Address>(copying address: Address) {
        storage = sockaddr_storage()
        length = socklen_t(MemoryLayout<Address>.size)
        withUnsafeMutableBytes(of: &storage) { storage in
            withUnsafeBytes(of: address) { storage.copyMemory(from: $0) }
        }
    }

    /// An address that a system call fills in.
    init(
        filledBy body: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Void
    ) {
        storage = sockaddr_storage()
        length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, &length) }
        }
    }

    /// Lends the address to a system call.
    func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }

    /// What a Unix socket has for an address that was bound to none.
    public static let nameless: SocketAddress = {
        var address = SocketAddress(copying: sa_family_t(AF_UNIX))
        address.length = socklen_t(MemoryLayout<sa_family_t>.size)
        return address
    }()

    /// Whether it is a Unix socket's that was bound to no address.
    public var isNameless: Bool { isUnix && Int(length) <= MemoryLayout<sa_family_t>.size }

    var family: Int32 { Int32(storage.ss_family) }

    /// Whether this is a Unix socket's address.
    public var isUnix: Bool { family == AF_UNIX }

    /// Whether it is the peer's own machine that this address names: any Unix socket, 127.0.0.0/8, ::1.
    public var isLoopback: Bool {
        switch family {
        case AF_UNIX: true
        case AF_INET: withUnsafeBytes(of: rebound(as: sockaddr_in.self).sin_addr) { $0[0] == 127 }
        default: withUnsafeBytes(of: rebound(as: sockaddr_in6.self).sin6_addr) { $0.elementsEqual(Self.ipv6Loopback) }
        }
    }

    private static let ipv6Loopback: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]

    /// Whether both are the address of one socket: the same port of the same host, or paths that lead to the same file.
    public func isSame(as other: SocketAddress) -> Bool {
        if isEqual(to: other) { return true }
        guard let path, let otherPath = other.path else { return false }
        var status = clinux_status()
        var otherStatus = clinux_status()
        return clinux_status_at(clinux_here, path, 0, &status) == 0
            && clinux_status_at(clinux_here, otherPath, 0, &otherStatus) == 0
            && status.device == otherStatus.device && status.inode == otherStatus.inode
    }

    /// Whether `bound` may be what came of a request for this address, whose port the kernel was to choose.
    public func isRequest(for bound: SocketAddress) -> Bool {
        guard port == 0, family == bound.family else { return false }
        return withPort(of: bound).isEqual(to: bound)
    }

    private func isEqual(to other: SocketAddress) -> Bool {
        guard family == other.family else { return false }
        if isUnix { return path == other.path && abstractName == other.abstractName }
        return description == other.description
    }

    private func withPort(of other: SocketAddress) -> SocketAddress {
        var copy = self
        // Where it stands is the same for IPv4 and IPv6.
        let port = MemoryLayout<sockaddr_in>.offset(of: \.sin_port)!..<MemoryLayout<sockaddr_in>.offset(of: \.sin_addr)!
        withUnsafeMutableBytes(of: &copy.storage) { bytes in
            withUnsafeBytes(of: other.storage) {
                UnsafeMutableRawBufferPointer(rebasing: bytes[port]).copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: $0[port]))
            }
        }
        return copy
    }

    /// The port, in host byte order; nil for a Unix socket.
    public var port: UInt16? {
        switch family {
        case AF_INET: UInt16(bigEndian: rebound(as: sockaddr_in.self).sin_port)
        case AF_INET6: UInt16(bigEndian: rebound(as: sockaddr_in6.self).sin6_port)
        default: nil
        }
    }

    /// The path of a Unix socket; nil for an IP address, and for a socket without a name.
    public var path: String? {
        guard isUnix else { return nil }
        let pathOffset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path)!
        return withUnsafeBytes(of: storage) { bytes in
            let name = bytes[pathOffset..<max(pathOffset, Int(length))].prefix { $0 != 0 }
            return name.isEmpty ? nil : String(decoding: name, as: UTF8.self)
        }
    }

    /// The name of a Unix socket that has no file (unix(7), "Abstract sockets"); people write it with an @ before it.
    private var abstractName: String? {
        guard isUnix, !isNameless else { return nil }
        let start = MemoryLayout<sockaddr_un>.offset(of: \.sun_path)! + 1
        return withUnsafeBytes(of: storage) { bytes in
            // Any bytes may be in it, and it gets into the log.
            start < Int(length)
                ? String(
                    decoding: bytes[start..<Int(length)].map { (0x21...0x7E).contains($0) ? $0 : 0x3F }, as: UTF8.self)
                : nil
        }
    }

    /// As people write it: the path, or `127.0.0.1:9998`, or `[::1]:9998`.
    public var description: String {
        switch family {
        case AF_UNIX: path ?? abstractName.map { "@\($0)" } ?? "a Unix socket without a name"
        case AF_INET: "\(presentation(of: rebound(as: sockaddr_in.self).sin_addr)):\(port!)"
        case AF_INET6: "[\(presentation(of: rebound(as: sockaddr_in6.self).sin6_addr))]:\(port!)"
        default: "an address of family \(family)"
        }
    }

    private func presentation<Address>(of address: Address) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { text in
            _ = withUnsafePointer(to: address) { inet_ntop(family, $0, text.baseAddress!, socklen_t(text.count)) }
            return String(cString: text.baseAddress!)
        }
    }

    private func rebound<Address>(as type: Address.Type) -> Address {
        withUnsafeBytes(of: storage) { $0.load(as: type) }
    }
}
