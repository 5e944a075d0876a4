import CFastDaemonPlugin

/// Who calls, and how the call came.
public struct Caller: Sendable, Hashable {
    /// How a call came.
    public enum Transport: UInt32, Sendable {
        /// A Unix stream socket: user, group and process are known.
        case unix = 1

        /// A TCP connection.
        case tcp = 2

        /// One datagram on a Unix socket.
        case unixDatagram = 3

        /// One UDP datagram.
        case udp = 4
    }

    /// How the call came; nil for a way that this version of the kit does not know.
    public let transport: Transport?

    /// The caller's user, as the kernel vouches for it; nil where it is not known.
    public let user: UInt32?

    /// The caller's group, likewise.
    public let group: UInt32?

    /// The caller's process, likewise. It may have ended since.
    public let process: Int32?

    /// The caller's address as people write it, such as `127.0.0.1:40312`, `[::1]:40312` or `uid 1000 pid 4242`.
    public let address: String

    init(_ facts: fastdaemon_facts) {
        transport = Transport(rawValue: facts.transport)
        user = known(facts.user)
        group = known(facts.group)
        process = known(facts.process).map(Int32.init(bitPattern:))
        address = facts.peer.text
    }

    /// A caller of whom nothing is known any more.
    init() {
        transport = nil
        user = nil
        group = nil
        process = nil
        address = ""
    }
}

private func known(_ number: UInt32) -> UInt32? {
    number == FASTDAEMON_UNKNOWN ? nil : number
}
