/// Who called, and from where.
public struct Caller: Equatable, Sendable, CustomStringConvertible {
    /// `FASTDAEMON_TRANSPORT_...`
    public var transport: UInt32

    /// As the kernel vouches for them; `FASTDAEMON_UNKNOWN` where it does not.
    public var user, group, process: UInt32

    /// The address as people write it; empty for a Unix peer, which has none.
    public var address: String

    /// A caller of whom nothing but the transport is known, unless more is given.
    public init(
        transport: UInt32, user: UInt32 = .max, group: UInt32 = .max, process: UInt32 = .max, address: String = ""
    ) {
        self.transport = transport
        self.user = user
        self.group = group
        self.process = process
        self.address = address
    }

    /// In words, for people.
    public var description: String {
        if !address.isEmpty { return address }
        return user == .max ? "unknown" : "uid \(user) pid \(process)"
    }
}

/// Why a call is cancelled. The numbers are the ABI's.
public enum CancellationReason: Int32, Sendable {
    case hangup = 1
    case signal = 2
    case time = 3
    case shutdown = 4
    case limit = 5
}
