import CBench
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

    /// - Parameter script: Called on the server's thread for one connection after the other, which is closed when it returns.
    init(at path: String, script: @escaping @Sendable (Peer) -> Void) throws {
        self.path = path
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0, listen(listener, 64) == 0 else { throw ProgramError(reason: "cannot listen at \(path)") }
        let work = Unmanaged.passRetained(Work(listener: listener, script: script))
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { argument in
                Unmanaged<Work>.fromOpaque(argument!).takeRetainedValue().run()
                return nil
            }, work.toOpaque())
        pthread_detach(thread)
    }

    /// Ends the listening; the thread then ends by itself.
    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private final class Work: Sendable {
        let listener: Int32
        let script: @Sendable (Peer) -> Void

        init(listener: Int32, script: @escaping @Sendable (Peer) -> Void) {
            (self.listener, self.script) = (listener, script)
        }

        func run() {
            while true {
                let descriptor = accept(listener, nil, nil)
                guard descriptor >= 0 else { break }
                script(Peer(descriptor: descriptor))
                close(descriptor)
            }
            close(listener)
        }
    }
}
