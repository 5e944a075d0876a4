import Foundation

/// One answer of a daemon's: the two strings of a record.
public struct Reply: Equatable, Sendable, CustomStringConvertible {
    /// The first string: standard output.
    public let output: String
    /// The second string: standard error.
    public let errors: String

    /// A reply to compare with.
    public init(_ output: String, errors: String = "") {
        self.output = output
        self.errors = errors
    }

    /// In words, for people.
    public var description: String { "output \(output.debugDescription), errors \(errors.debugDescription)" }
}

/// The other end of a daemon's socket, as raw as they come: it sends what it is told to, byte by byte. Its calls block, but
/// never for longer than `patience`.
public final class RawPeer: Sendable {
    /// What a call throws that the kernel, or the daemon, disappointed.
    public struct Failure: Error, CustomStringConvertible {
        /// In words, for people.
        public let description: String
        /// The `errno`, 0 where the kernel is not to blame.
        public let code: Int32
    }

    /// How long a call may block, in seconds. It bounds a test that would hang.
    public static let patience = 60

    /// The descriptor's number.
    public let descriptor: Int32

    /// Where what is sent goes, of a socket that is not connected.
    private let destination: sockaddr_un?

    private convenience init(_ family: Int32, datagram: Bool, destination: sockaddr_un? = nil) throws {
        let kind = Int32((datagram ? SOCK_DGRAM : SOCK_STREAM).rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(family, kind, 0)
        guard descriptor >= 0 else { throw failure("open a socket") }
        self.init(owning: descriptor, destination: destination)
    }

    /// One end of a socket pair.
    public convenience init(owning descriptor: Int32) {
        self.init(owning: descriptor, destination: nil)
    }

    private init(owning descriptor: Int32, destination: sockaddr_un?) {
        self.descriptor = descriptor
        self.destination = destination
        var patience = timeval(tv_sec: Self.patience, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    // MARK: - Connecting

    /// Connects to the stream socket at `path`.
    public convenience init(unix path: String) throws {
        try self.init(AF_UNIX, datagram: false)
        try connect(to: unixAddress(path))
    }

    /// Connects to a TCP port of the loopback address.
    public convenience init(tcp port: UInt16) throws {
        try self.init(AF_INET, datagram: false)
        try connect(to: loopback(port))
    }

    /// Connects to a UDP port of the loopback address.
    public convenience init(udp port: UInt16) throws {
        try self.init(AF_INET, datagram: true)
        try connect(to: loopback(port))
    }

    /// A datagram socket at `own`, which sends to the one at `path`. It is not connected, so the kernel holds what is sent to
    /// it against the length of its queue (`net.unix.max_dgram_qlen`).
    public convenience init(unixDatagram path: String, own: String) throws {
        try self.init(AF_UNIX, datagram: true, destination: unixAddress(path))
        var address = unixAddress(own)
        let bound = withAddress(&address) { bind(descriptor, $0, $1) }
        guard bound == 0 else { throw failure("bind \(own)") }
    }

    private func connect<Address>(to address: Address) throws {
        var address = address
        let result = withAddress(&address) { Glibc.connect(descriptor, $0, $1) }
        guard result == 0 else { throw failure("connect") }
    }

    // MARK: - Sending

    /// Sends all of `bytes`; on a datagram socket, as one datagram.
    public func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        repeat {
            let sent = rest.withUnsafeBytes { send($0, flags: Int32(MSG_NOSIGNAL)) }
            guard sent >= 0 else { throw failure("send") }
            rest = rest.dropFirst(sent)
        } while !rest.isEmpty
    }

    /// Sends a request.
    public func send(_ line: String, input: String = "") throws {
        try send(recordBytes(line, input))
    }

    /// Sends what the socket takes at once, and returns how many bytes that was.
    public func sendWithoutWaiting(_ bytes: [UInt8]) -> Int {
        max(0, bytes.withUnsafeBytes { send($0, flags: Int32(MSG_NOSIGNAL | MSG_DONTWAIT)) })
    }

    private func send(_ bytes: UnsafeRawBufferPointer, flags: Int32) -> Int {
        guard var destination else { return Glibc.send(descriptor, bytes.baseAddress, bytes.count, flags) }
        return withAddress(&destination) { sendto(descriptor, bytes.baseAddress, bytes.count, flags, $0, $1) }
    }

    /// Says that nothing more will be sent.
    public func finishSending() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    /// Hangs up both ways, now.
    public func hangUp() {
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    // MARK: - Receiving

    /// Receives `count` bytes; fewer where the stream ends before.
    public func receive(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var received = 0
        while received < count {
            let got = bytes.withUnsafeMutableBytes {
                recv(descriptor, $0.baseAddress! + received, count - received, 0)
            }
            guard got >= 0 else { throw failure("receive") }
            if got == 0 { break }
            received += got
        }
        return Array(bytes[..<received])
    }

    /// Receives one datagram, a reply.
    public func receiveDatagram() throws -> Reply {
        var bytes = [UInt8](repeating: 0, count: 1 << 17)
        let count = recv(descriptor, &bytes, bytes.count, 0)
        guard count >= 0 else { throw failure("receive") }
        var rest = bytes[..<count]
        func string() throws -> String {
            let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            guard rest.count >= 4 + length else { throw incomplete }
            defer { rest = rest.dropFirst(4 + length) }
            return String(decoding: rest.dropFirst(4).prefix(length), as: UTF8.self)
        }
        let reply = Reply(try string(), errors: try string())
        guard rest.isEmpty else { throw incomplete }
        return reply
    }

    /// Receives one reply.
    public func receiveReply() throws -> Reply {
        Reply(try receiveString(), errors: try receiveString())
    }

    private func receiveString() throws -> String {
        let header = try receive(4)
        guard header.count == 4 else { throw incomplete }
        let count = header.reduce(0) { $0 << 8 | Int($1) }
        let bytes = try receive(count)
        guard bytes.count == count, let text = String(validating: bytes, as: UTF8.self) else { throw incomplete }
        return text
    }

    private var incomplete: Failure { Failure(description: "what came is no whole reply", code: 0) }

    /// Sends a request and receives its reply.
    public func ask(_ line: String, input: String = "") throws -> Reply {
        try send(line, input: input)
        return try receiveReply()
    }

    /// Whether there is something to receive, be it the end, within `seconds`.
    public func hasSomethingToRead(within seconds: Double) throws -> Bool {
        var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&watched, 1, Int32(seconds * 1000)) > 0
    }

    /// Waits until the daemon has closed the connection, without receiving what came before. Returns whether it did.
    public func waitForHangUp(seconds: Double = Double(patience)) -> Bool {
        var watched = pollfd(fd: descriptor, events: 0, revents: 0)
        return poll(&watched, 1, Int32(seconds * 1000)) > 0
    }

    /// Receives until the daemon ends the connection, one way or another, and returns what came.
    public func receiveToEnd() throws -> [UInt8] {
        var all: [UInt8] = []
        while true {
            do {
                let bytes = try receive(1 << 16)
                all += bytes
                if bytes.count < 1 << 16 { return all }
            } catch let failure as Failure where failure.code == ECONNRESET {
                return all
            }
        }
    }
}

/// The bytes of a record.
public func recordBytes(_ first: String, _ second: String = "") -> [UInt8] {
    [first, second].flatMap { string in
        withUnsafeBytes(of: UInt32(string.utf8.count).bigEndian) { Array($0) } + Array(string.utf8)
    }
}

private func failure(_ operation: String) -> RawPeer.Failure {
    RawPeer.Failure(description: "cannot \(operation): \(String(cString: strerror(errno)))", code: errno)
}

func unixAddress(_ path: String) -> sockaddr_un {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    return address
}

private func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
    return address
}

func withAddress<Address, Result>(
    _ address: inout Address, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
) -> Result {
    withUnsafeBytes(of: &address) {
        body($0.assumingMemoryBound(to: sockaddr.self).baseAddress!, socklen_t($0.count))
    }
}
