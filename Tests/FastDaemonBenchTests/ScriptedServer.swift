import CBench
import Foundation
import Glibc

/// A server on a Unix socket that does to its connections, one after the other, what a test says.
///
/// It runs on a thread of its own, since the code under test is a program that blocks until it is answered.
final class ScriptedServer: Sendable {
    /// What a script can do with the connection it was called for.
    struct Peer {
        fileprivate let descriptor: Int32

        /// Reads until so many bytes have come. Less come only where the other side closes first.
        @discardableResult
        func read(_ count: Int) -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: count)
            var filled = 0
            while filled < count {
                let received = bytes.withUnsafeMutableBytes {
                    recv(descriptor, $0.baseAddress! + filled, count - filled, 0)
                }
                guard received > 0 else { break }
                filled += received
            }
            return Array(bytes[..<filled])
        }

        /// The process at the other end.
        var process: Int32 { cbench_peer_process(descriptor) }

        func write(_ bytes: [UInt8]) {
            _ = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        }
    }

    let path: String
    private let listener: Int32

    /// - Parameter script: Called on the server's thread for one connection after the other, which is closed when it
    ///   returns.
    init(at path: String, script: @escaping @Sendable (Peer) -> Void) throws {
        self.path = path
        listener = try bound(SOCK_STREAM, to: path)
        guard listen(listener, 64) == 0 else { throw ProgramError(reason: "cannot listen at \(path)") }
        let listener = listener
        Thread.detachNewThread {
            while true {
                let descriptor = accept(listener, nil, nil)
                guard descriptor >= 0 else { break }
                script(Peer(descriptor: descriptor))
                close(descriptor)
            }
            close(listener)
        }
    }

    /// Ends the listening; the thread then ends by itself.
    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
    }
}

/// A server on a Unix datagram socket that answers each datagram with what a test makes of it, or not at all.
final class DatagramServer: Sendable {
    let path: String
    private let descriptor: Int32

    init(at path: String, reply: @escaping @Sendable ([UInt8]) -> [UInt8]?) throws {
        self.path = path
        descriptor = try bound(SOCK_DGRAM, to: path)
        let descriptor = descriptor
        Thread.detachNewThread {
            var buffer = [UInt8](repeating: 0, count: 64 << 10)
            var sender = sockaddr_storage()
            while true {
                var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
                let count = withSocketAddress(&sender) { recvfrom(descriptor, &buffer, buffer.count, 0, $0, &length) }
                guard count > 0 else { break }
                if let bytes = reply(Array(buffer[..<count])) {
                    _ = withSocketAddress(&sender) { sendto(descriptor, bytes, bytes.count, 0, $0, length) }
                }
            }
            close(descriptor)
        }
    }

    /// Ends the receiving; the thread then ends by itself.
    deinit {
        shutdown(descriptor, Int32(SHUT_RDWR))
    }
}

/// A new Unix socket with a name.
private func bound(_ kind: __socket_type, to path: String) throws -> Int32 {
    let descriptor = socket(AF_UNIX, Int32(kind.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let length = socklen_t(MemoryLayout<sockaddr_un>.size)
    guard withSocketAddress(&address, { bind(descriptor, $0, length) }) == 0 else {
        throw ProgramError(reason: "cannot bind \(path)")
    }
    return descriptor
}

private func withSocketAddress<Address, Result>(
    _ address: inout Address, _ body: (UnsafeMutablePointer<sockaddr>) -> Result
) -> Result {
    withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0) }
    }
}
