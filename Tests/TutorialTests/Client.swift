import Dispatch
import Glibc

/// A client as simple as `nc`: lines out, lines in. Its calls block, so those that wait do so on a thread of its own.
final class Client: Sendable {
    private let descriptor: Int32
    private let thread = DispatchQueue(label: "client")

    /// Connects to a port of the loopback address.
    init(port: UInt16?) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = (port ?? 0).bigEndian
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        let result = withUnsafeBytes(of: &address) {
            connect(descriptor, $0.assumingMemoryBound(to: sockaddr.self).baseAddress!, socklen_t($0.count))
        }
        guard result == 0 else { throw NotConnected(reason: String(cString: strerror(errno))) }
    }

    struct NotConnected: Error {
        let reason: String
    }

    deinit { close(descriptor) }

    func send(_ text: String) {
        let bytes = Array(text.utf8)
        let sent = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        precondition(sent == bytes.count, "a socket's buffer holds more than a line")
    }

    /// Says that no more lines will come, as control-D does in `nc`.
    func finishSending() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    /// The next line, or nil at the end.
    func receiveLine() async -> String? {
        await withCheckedContinuation { continuation in
            thread.async { continuation.resume(returning: self.receiveLineBlocking()) }
        }
    }

    private func receiveLineBlocking() -> String? {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while recv(descriptor, &byte, 1, 0) == 1 {
            if byte == UInt8(ascii: "\n") { return String(decoding: line, as: UTF8.self) }
            line.append(byte)
        }
        return line.isEmpty ? nil : String(decoding: line, as: UTF8.self)
    }
}
