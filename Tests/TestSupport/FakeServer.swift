import Foundation
import Synchronization

/// A server that does what a test's script says, on a thread of its own: for clients that meet peers which behave badly.
public final class FakeServer: Sendable {
    /// Where it listens.
    public enum Address: Sendable {
        /// A stream socket at this path.
        case unix(String)
        /// A datagram socket at this path.
        case unixDatagram(String)
        /// A TCP port of this numeric IPv4 or IPv6 address.
        case tcp(String)
        /// A UDP port of this numeric IPv4 or IPv6 address.
        case udp(String)

        var isDatagram: Bool {
            switch self {
            case .unix, .tcp: false
            case .unixDatagram, .udp: true
            }
        }
    }

    /// The path of its socket, or the number of its port, which the kernel picked.
    public let port: String

    private let outcome = Mutex<Result<[UInt8], any Error>>(.success([]))
    private let done = DispatchSemaphore(value: 0)

    /// Listens at `address`, takes one connection (or none, if it is of datagrams), and runs `script` with it.
    ///
    /// - Parameter script: Returns what the test wants to look at, such as the bytes that came.
    public init(_ address: Address, script: @escaping @Sendable (Peer) throws -> [UInt8]) throws {
        let listener = try listeningSocket(address)
        port = listener.port
        Thread.detachNewThread { [self] in
            let result = Result {
                let isDatagram = address.isDatagram
                let accepted = isDatagram ? listener.descriptor : try check(accept(listener.descriptor, nil, nil))
                defer { close(accepted) }
                if !isDatagram { close(listener.descriptor) }
                return try script(Peer(descriptor: accepted))
            }
            outcome.withLock { $0 = result }
            done.signal()
        }
    }

    /// Waits until the script has ended and returns what it did, or throws what it threw.
    ///
    /// - Parameter seconds: Bounds a test whose client never came; never waited out by one that passes.
    public func finish(seconds: Int = 60) throws -> [UInt8] {
        guard done.wait(timeout: .now() + .seconds(seconds)) == .success else { throw POSIXError(.ETIMEDOUT) }
        return try outcome.withLock { $0 }.get()
    }
}

/// The client that a `FakeServer` talks with.
public struct Peer: Sendable {
    let descriptor: Int32

    /// Receives exactly `count` bytes; fewer where the client hangs up before.
    public func receive(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var received = 0
        while received < count {
            let got = try check(
                bytes.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress! + received, count - received, 0) })
            if got == 0 { break }
            received += got
        }
        return Array(bytes[..<received])
    }

    /// Receives one record and returns its bytes.
    public func receiveRecord() throws -> [UInt8] {
        try receiveString() + receiveString()
    }

    private func receiveString() throws -> [UInt8] {
        let count = try receive(4)
        return count + (try receive(count.reduce(0) { $0 << 8 | Int($1) }))
    }

    /// Receives until the client hangs up, and returns what came.
    public func receiveAll() throws -> [UInt8] {
        var all: [UInt8] = []
        while case let bytes = try receive(1 << 16), !bytes.isEmpty {
            all += bytes
        }
        return all
    }

    /// Sends all of `bytes`.
    public func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = try check(
                rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) })
            rest = rest.dropFirst(sent)
        }
    }

    /// Receives one datagram and sends what `reply` makes of it to its sender; `nil` sends nothing.
    public func answerDatagram(_ reply: ([UInt8]) -> [UInt8]?) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        var sender = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return try withUnsafeMutablePointer(to: &sender) { sender in
            try sender.withMemoryRebound(to: sockaddr.self, capacity: 1) { sender in
                let count = try check(recvfrom(descriptor, &bytes, bytes.count, 0, sender, &size))
                let request = Array(bytes[..<count])
                if let reply = reply(request) {
                    _ = try check(sendto(descriptor, reply, reply.count, 0, sender, size))
                }
                return request
            }
        }
    }

    /// Ends the connection so that the client sees a reset.
    public func reset() {
        var now = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
    }
}

/// `result`, unless it is negative: `errno` is then thrown.
private func check<Number: SignedInteger>(_ result: Number) throws -> Number {
    if result < 0 {
        throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
    }
    return result
}

private func listeningSocket(_ address: FakeServer.Address) throws -> (descriptor: Int32, port: String) {
    let kind = Int32((address.isDatagram ? SOCK_DGRAM : SOCK_STREAM).rawValue | SOCK_CLOEXEC.rawValue)
    var storage = sockaddr_storage()
    var size = 0
    switch address {
    case .unix(let path), .unixDatagram(let path):
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
        size = store(name, in: &storage)
    case .tcp(let host) where host.contains(":"), .udp(let host) where host.contains(":"):
        var name = sockaddr_in6()
        name.sin6_family = sa_family_t(AF_INET6)
        inet_pton(AF_INET6, host, &name.sin6_addr)
        size = store(name, in: &storage)
    case .tcp(let host), .udp(let host):
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        inet_pton(AF_INET, host, &name.sin_addr)
        size = store(name, in: &storage)
    }
    let descriptor = try check(socket(Int32(storage.ss_family), kind, 0))
    try withUnsafeMutablePointer(to: &storage) { storage in
        try storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
            _ = try check(bind(descriptor, name, socklen_t(size)))
            var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
            _ = try check(getsockname(descriptor, name, &size))
        }
    }
    if !address.isDatagram {
        _ = try check(listen(descriptor, 16))
    }
    switch address {
    case .unix(let path), .unixDatagram(let path): return (descriptor, path)
    // The port stands at the same place in the addresses of both families.
    case .tcp, .udp: return (descriptor, String(withUnsafeBytes(of: storage) { UInt16($0[2]) << 8 | UInt16($0[3]) }))
    }
}

private func store<Name>(_ name: Name, in storage: inout sockaddr_storage) -> Int {
    withUnsafeMutableBytes(of: &storage) { _ = $0.baseAddress!.initializeMemory(as: Name.self, to: name) }
    return MemoryLayout<Name>.size
}
