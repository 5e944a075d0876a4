import Glibc
import TestSupport
import Testing

@testable import FastDaemonServer

@Suite("Telling that the daemon is ready") struct ReadinessNoticeTests {
    /// The name of a path, or of an abstract socket with `@` before it, and a datagram socket there.
    private func listen(at name: String) throws -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(name.utf8)
        withUnsafeMutableBytes(of: &address.sun_path) { path in
            path.copyBytes(from: bytes)
            if bytes[0] == UInt8(ascii: "@") { path[0] = 0 }
        }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        let size = socklen_t(MemoryLayout.offset(of: \sockaddr_un.sun_path)! + bytes.count)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
        }
        guard result == 0 else { throw TestFailure("cannot bind \(name): \(errno)") }
        return descriptor
    }

    private func receive(_ descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 1024)
        return String(
            decoding: bytes[..<max(recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT)), 0)],
            as: UTF8.self)
    }

    @Test("it goes to a path or to an abstract name, in one datagram")
    func names() throws {
        let folder = try TemporaryFolder()
        for name in [folder.file("notify"), "@fastdaemon-test-\(getpid())"] {
            let descriptor = try listen(at: name)
            defer { close(descriptor) }
            let notice = try #require(ReadinessNotice(socketName: Array(name.utf8)))
            #expect(notice.ready(status: "it listens") == 0)
            #expect(receive(descriptor) == "READY=1\nSTATUS=it listens\n")
        }
    }

    @Test("other kinds of sockets are not for this", arguments: ["", "vsock:2:1234", "relative"])
    func others(name: String) {
        #expect(ReadinessNotice(socketName: Array(name.utf8)) == nil)
    }

    @Test("nobody there, and a name that is too long, are error numbers")
    func failures() throws {
        let folder = try TemporaryFolder()
        #expect(ReadinessNotice(socketName: Array(folder.file("none").utf8))?.ready(status: "") == ENOENT)
        let long = Array(("/" + String(repeating: "x", count: 108)).utf8)
        #expect(ReadinessNotice(socketName: long)?.ready(status: "") == ENAMETOOLONG)
    }
}
