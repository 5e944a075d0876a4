import CLinux
import FastDaemonSystem
import Foundation
import TestSupport
import Testing

@testable import FastDaemonIO

@Suite("A listener") struct ListenerTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("s")
    }

    /// Connects to what is at `path`: 0, or the negated errno.
    private static func connect(to path: String) throws -> Int32 {
        let socket = Descriptor(owning: try check(clinux_socket(AF_UNIX, false), "open", "a socket"))
        return try SocketAddress.unix(path).withPointer { clinux_connect(socket.number, $0, $1) }
    }

    private static func status(of path: String) -> clinux_status? {
        var status = clinux_status()
        return clinux_status_at(clinux_here, path, 0, &status) == 0 ? status : nil
    }

    /// Leaves a socket at `path` that nobody listens on any more, as a server does that is killed.
    private static func leaveStaleSocket(at path: String) throws {
        let socket = Descriptor(owning: try check(clinux_socket(AF_UNIX, false), "open", "a socket"))
        let result = try SocketAddress.unix(path).withPointer { clinux_bind(socket.number, $0, $1) }
        _ = try check(result, "bind", path)
    }

    @Test("takes the place of a socket that a server left which is no more")
    func stale() throws {
        try Self.leaveStaleSocket(at: path)
        #expect(try Self.connect(to: path) == -ECONNREFUSED)
        let listener = try Listener.stream(on: .unix(path))
        #expect(try Self.connect(to: path) == 0)
        #expect(listener.address.path == path)
    }

    @Test("has its mode changed together with others, or, where one of those cannot, not at all")
    func modes() throws {
        let paths = [path, folder.file("t")]
        let listeners = try paths.map { try Listener.stream(on: .unix($0)) }
        try Listener.setModes(listeners.map { ($0, mode: 0o660) })
        #expect(Self.status(of: path).map { $0.mode & 0o777 } == 0o660)
        #expect(unlink(paths[1]) == 0)
        #expect(throws: IOError.self) { try Listener.setModes(listeners.map { ($0, mode: 0o666) }) }
        #expect(Self.status(of: path).map { $0.mode & 0o777 } == 0o660)
    }

    @Test("leaves a live server's socket alone, and says that it is already running")
    func live() throws {
        let listener = try Listener.stream(on: .unix(path))
        let error = #expect(throws: IOError.self) { try Listener.stream(on: .unix(path)) }
        #expect(error?.description == "cannot listen on \(path): already running: another server answers there")
        #expect(try Self.connect(to: path) == 0)
        listener.close()
    }

    @Test("of datagrams leaves a live server's socket of connections alone")
    func liveOfAnotherType() throws {
        let listener = try Listener.stream(on: .unix(path))
        let error = #expect(throws: IOError.self) { try Listener.datagram(on: .unix(path)) }
        #expect(error?.reason == "already running: a socket of another type is open there")
        #expect(try Self.connect(to: path) == 0)
        listener.close()
    }

    @Test("on a port in use says so")
    func portInUse() throws {
        let listener = try Listener.stream(on: .ip("127.0.0.1:0"))
        #expect(listener.address.port != 0)
        let error = #expect(throws: IOError.self) { try Listener.stream(on: listener.address) }
        #expect(error?.reason == "another program listens there already")
    }

    @Test("of TCP accepts connections that send the end of a reply at once, also where it was inherited without that")
    func shortEnds() throws {
        for isInherited in [false, true] {
            let listener = try Listener.stream(on: .ip("127.0.0.1:0"))
            if isInherited {
                _ = clinux_set_option(listener.numbers.socket, Int32(IPPROTO_TCP), TCP_NODELAY, 0)
                _ = try Listener(adopting: dup(listener.numbers.socket))
            }
            let peer = Peer(port: listener.address.port!)
            let accepted = Descriptor(owning: accept(listener.numbers.socket, nil, nil))
            var isOn: Int32 = 0
            var length = socklen_t(MemoryLayout.size(ofValue: isOn))
            #expect(getsockopt(accepted.number, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, &length) == 0)
            #expect(isOn != 0)
            withExtendedLifetime(peer) {}
        }
    }

    @Test("does not touch a file that is no socket")
    func regularFile() throws {
        try Data("precious".utf8).write(to: URL(filePath: path))
        let error = #expect(throws: IOError.self) { try Listener.stream(on: .unix(path)) }
        #expect(error?.reason == "a file of that name is there that is not a socket; it was not touched")
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")
    }

    @Test("gives its file the whole mode, whatever the umask", arguments: [0o600, 0o660, 0o666, 0o777] as [UInt32])
    func mode(mode: UInt32) async {
        let path = path
        let found: UInt32? = await withCheckedContinuation { done in
            // The umask is the process's, unless a thread has one of its own; other tests make files at the same time.
            Thread.detachNewThread {
                guard clinux_thread_own_directory() == 0 else { return done.resume(returning: nil) }
                umask(0o777)
                let listener = try? Listener.stream(on: .unix(path), mode: mode)
                done.resume(returning: Self.status(of: path).map { $0.mode & 0o7777 })
                listener?.close()
            }
        }
        #expect(found == mode)
    }

    @Test("that was closed refuses whoever connects, and its file is gone")
    func close() throws {
        let listener = try Listener.stream(on: .unix(path))
        // By another name the socket is still there to connect to.
        let other = folder.file("other")
        #expect(link(path, other) == 0)
        #expect(try Self.connect(to: other) == 0)
        listener.close()
        #expect(Self.status(of: path) == nil)
        #expect(try Self.connect(to: other) == -ECONNREFUSED)
    }

    @Test("takes its file along when its last holder lets go")
    func lastHolder() throws {
        do {
            let listener = try Listener.stream(on: .unix(path))
            #expect(Self.status(of: listener.address.path!) != nil)
        }
        #expect(Self.status(of: path) == nil)
    }

    @Test("does not remove another's socket that has taken the place of its own")
    func replaced() throws {
        let listener = try Listener.stream(on: .unix(path))
        // The first file is kept by another name, so that the second cannot have its inode.
        #expect(rename(path, folder.file("moved")) == 0)
        let successor = try Listener.stream(on: .unix(path))
        listener.close()
        #expect(try Self.connect(to: path) == 0)
        successor.close()
        #expect(Self.status(of: path) == nil)
    }
}
