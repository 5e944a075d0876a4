import Foundation

/// Sockets that a service manager holds, and hands to each daemon that it starts (sd_listen_fds(3)).
public final class ActivatedSockets {
    private var sockets: [(descriptor: Int32, name: String)] = []

    /// None yet.
    public init() {}

    deinit { for socket in sockets { close(socket.descriptor) } }

    /// Opens a Unix socket at `path`.
    public func add(_ name: String, unix path: String, datagram: Bool = false) throws {
        let kind = Int32((datagram ? SOCK_DGRAM : SOCK_STREAM).rawValue)
        let descriptor = socket(AF_UNIX, kind | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = unixAddress(path)
        let bound = withAddress(&address) { bind(descriptor, $0, $1) }
        guard bound == 0, datagram || listen(descriptor, 1024) == 0 else {
            throw TestFailure("cannot listen on \(path): \(errno)")
        }
        sockets.append((descriptor, name))
    }

    /// Opens a TCP socket on a port of the loopback address that the kernel chooses, and returns the port.
    public func add(_ name: String, host: String = "127.0.0.1") throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        inet_pton(AF_INET, host, &address.sin_addr)
        let bound = withAddress(&address) { bind(descriptor, $0, $1) }
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let named = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        guard bound == 0, named == 0, listen(descriptor, 511) == 0 else { throw TestFailure("cannot listen: \(errno)") }
        sockets.append((descriptor, name))
        return UInt16(bigEndian: address.sin_port)
    }

    /// Starts something with the sockets as its third descriptor and so on. They are inherited by what is started in `body`.
    public func handOver<Result>(_ body: (_ launcher: [String], _ environment: [String: String]) throws -> Result)
        rethrows
        -> Result
    {
        var inherited: [Int32] = []
        // Beyond the numbers that they are to have.
        for socket in sockets { inherited.append(fcntl(socket.descriptor, F_DUPFD, 100)) }
        defer { for number in inherited { close(number) } }
        let moves = inherited.enumerated().map { "\($0 + 3)<&\($1) \($1)<&-" }.joined(separator: " ")
        let script = #"export LISTEN_PID=$$; exec "$@" "# + moves
        return try body(
            ["/usr/bin/env", "bash", "-c", script, "bash"],
            [
                "LISTEN_FDS": "\(sockets.count)", "LISTEN_FDNAMES": sockets.map(\.name).joined(separator: ":"),
            ])
    }
}
