import Glibc
import TestSupport
import Testing

@testable import FastDaemonServer

@Suite("Telling that the daemon is ready") struct ServiceManagerTests {
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
            let manager = ServiceManager(socketName: Array(name.utf8))
            #expect(manager.tell(.ready(status: "it listens")) == 0)
            #expect(receive(descriptor) == "READY=1\nSTATUS=it listens\n")
        }
    }

    @Test("other kinds of sockets are not for this", arguments: ["", "vsock:2:1234", "relative"])
    func others(name: String) {
        let manager = ServiceManager(socketName: Array(name.utf8), watchdog: 1)
        #expect(!manager.isThere)
        #expect(manager.watchdog == nil)
        #expect(manager.environment == [])
        #expect(manager.tell(.ready(status: "")) == 0)
    }

    @Test("nobody there, and a name that is too long, are error numbers")
    func failures() throws {
        let folder = try TemporaryFolder()
        #expect(ServiceManager(socketName: Array(folder.file("none").utf8)).tell(.ready(status: "")) == ENOENT)
        let long = Array(("/" + String(repeating: "x", count: 108)).utf8)
        #expect(ServiceManager(socketName: long).tell(.ready(status: "")) == ENAMETOOLONG)
    }

    @Test("a manager that does not read holds nobody up")
    func full() throws {
        let folder = try TemporaryFolder()
        let descriptor = try listen(at: folder.file("notify"))
        defer { close(descriptor) }
        let manager = ServiceManager(socketName: Array(folder.file("notify").utf8))
        var results: [Int32] = []
        repeat { results.append(manager.tell(.status("x"))) } while results.last == 0 && results.count < 100_000
        #expect(results.last == EAGAIN)
    }

    @Test("once another process speaks for the daemon, this one says nothing")
    func silence() throws {
        let folder = try TemporaryFolder()
        let descriptor = try listen(at: folder.file("notify"))
        defer { close(descriptor) }
        let manager = ServiceManager(socketName: Array(folder.file("notify").utf8))
        manager.fallSilent()
        #expect(manager.tell(.stopping(status: "")) == 0)
        #expect(receive(descriptor) == "")
    }

    @Test("each notice has the words of sd_notify(3)")
    func words() {
        #expect(ServiceNotice.reloading(time: 1_234_567).text == "RELOADING=1\nMONOTONIC_USEC=1234\n")
        #expect(ServiceNotice.stopping(status: "it ends").text == "STOPPING=1\nSTATUS=it ends\n")
        #expect(ServiceNotice.alive(status: "3 commands").text == "WATCHDOG=1\nSTATUS=3 commands\n")
        #expect(ServiceNotice.mainProcess(12, status: "x").text == "MAINPID=12\nWATCHDOG=1\nSTATUS=x\n")
        #expect(ServiceNotice.status("two\nlines\r\nREADY=1").text == "STATUS=two lines READY=1\n")
    }
}
