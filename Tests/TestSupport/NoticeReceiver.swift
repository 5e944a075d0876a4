import Foundation

/// A service manager's ear: the socket that `$NOTIFY_SOCKET` names (sd_notify(3)). One thread uses it at a time.
public final class NoticeReceiver {
    private let descriptor: Int32
    private let path: String

    /// Listens at `path`.
    public init(at path: String) throws {
        self.path = path
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = unixAddress(path)
        let bound = withAddress(&address) { bind(descriptor, $0, $1) }
        guard descriptor >= 0, bound == 0 else { throw TestFailure("cannot receive notices at \(path): \(errno)") }
    }

    deinit { close(descriptor) }

    /// The variables for a program that is to tell how it is.
    public var environment: [String: String] { ["NOTIFY_SOCKET": path] }

    /// The next notice; nil where none comes in so many seconds.
    public func next(seconds: Double = 15) -> String? {
        var patience = timeval(tv_sec: Int(seconds), tv_usec: Int((seconds - seconds.rounded(.down)) * 1e6))
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &bytes, bytes.count, 0)
        return count < 0 ? nil : String(decoding: bytes[..<count], as: UTF8.self)
    }

    /// Reads on until a notice has `line`, and returns that one; nil where none comes, whatever else does.
    public func next(with line: String) -> String? {
        let watch = Stopwatch()
        while watch.seconds < 60, let notice = next() {
            if notice.split(separator: "\n").contains(Substring(line)) { return notice }
        }
        return nil
    }

    /// Takes what has come already, and returns how many notices that were.
    @discardableResult
    public func takeAll() -> Int {
        var byte: UInt8 = 0
        var count = 0
        while recv(descriptor, &byte, 1, Int32(MSG_DONTWAIT)) >= 0 { count += 1 }
        return count
    }
}
