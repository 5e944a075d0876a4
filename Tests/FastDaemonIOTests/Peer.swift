import CLinux
import Dispatch
import Glibc

/// Runs `body`, which may block, on a thread of its own: the shared pool has as few threads as the machine has cores.
func blocking<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
    await withCheckedContinuation { continuation in
        DispatchQueue(label: "blocking").async { continuation.resume(returning: body()) }
    }
}

/// The other end of a connection: a blocking socket, as any client has.
final class Peer: Sendable {
    let number: Int32

    /// Connects to a Unix socket, or to a port of the loopback address.
    init(path: String) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        Self.connect(number, to: address)
    }

    init(port: UInt16, family: Int32 = AF_INET) {
        number = socket(family, Int32(SOCK_STREAM.rawValue), 0)
        if family == AF_INET {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            Self.connect(number, to: address)
        } else {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            address.sin6_addr = in6addr_loopback
            Self.connect(number, to: address)
        }
    }

    private static func connect<Address>(_ number: Int32, to address: Address) {
        let result = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(number, $0, socklen_t(MemoryLayout<Address>.size))
            }
        }
        precondition(result == 0, "connect: \(String(cString: strerror(errno)))")
    }

    deinit { close(number) }

    func send(_ text: String) {
        _ = Array(text.utf8).withUnsafeBytes { Glibc.send(number, $0.baseAddress!, $0.count, Int32(MSG_NOSIGNAL)) }
    }

    func finishSending() {
        shutdown(number, Int32(SHUT_WR))
    }

    /// Receives until `count` bytes came, or the end.
    func receive(_ count: Int) async -> String {
        await blocking { self.receiveBlocking(count) }
    }

    private func receiveBlocking(_ count: Int) -> String {
        var bytes = [UInt8](repeating: 0, count: count)
        var received = 0
        while received < count {
            let got = bytes.withUnsafeMutableBytes { recv(number, $0.baseAddress! + received, count - received, 0) }
            if got <= 0 { break }
            received += got
        }
        return String(decoding: bytes[..<received], as: UTF8.self)
    }
}

/// A folder that goes with its holder.
struct ScratchFolder: ~Copyable {
    let path: String

    init() {
        var template = Array("/tmp/fastdaemon-test-XXXXXX".utf8CString)
        path = String(cString: mkdtemp(&template))
    }

    deinit {
        if let folder = opendir(path) {
            while let entry = readdir(folder) {
                let name = withUnsafePointer(to: entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                unlink("\(path)/\(name)")
            }
            closedir(folder)
        }
        rmdir(path)
    }
}
