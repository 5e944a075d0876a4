import CLinux
import FastDaemonSystem

extension Connection {
    /// Takes over one end of a Unix stream socket that is connected already, and non-blocking.
    public convenience init(adopting descriptor: consuming Descriptor, on loop: EventLoop) {
        let number = descriptor.number
        let address = SocketAddress { _ = clinux_socket_name(number, $0, $1) }
        self.init(descriptor, from: address, on: loop)
    }
}

/// Two ends of a Unix stream socket: one for this process, one for another.
public struct ConnectionPair: ~Copyable {
    /// The end that stays.
    public let connection: Connection

    /// The end that is given away.
    public let other: Descriptor

    /// Connects the two ends to each other.
    public init(on loop: EventLoop) throws(IOError) {
        var ends: (Int32, Int32) = (-1, -1)
        let result = withUnsafeMutableBytes(of: &ends) {
            clinux_socket_pair(true, $0.assumingMemoryBound(to: Int32.self).baseAddress!)
        }
        _ = try check(result, "create", "a pair of sockets")
        connection = Connection(adopting: Descriptor(owning: ends.0), on: loop)
        other = Descriptor(owning: ends.1)
    }
}
