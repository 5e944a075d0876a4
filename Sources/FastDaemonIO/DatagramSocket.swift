import CLinux
import FastDaemonSystem
import Glibc

/// A datagram as it came, and who sent it.
public struct Datagram: Sendable {
    /// What it holds, or its beginning.
    public let bytes: [UInt8]

    /// Where a reply goes. A Unix sender that bound no address of its own has none, and can be sent nothing.
    public let sender: SocketAddress

    /// Whether the datagram was longer than what the socket was told to take; `bytes` is then its beginning.
    public let isCut: Bool
}

/// A bound datagram socket, Unix or UDP, on one loop.
///
/// `@unchecked Sendable`: all that changes is touched on the loop's thread alone.
public final class DatagramSocket: @unchecked Sendable {
    /// The loop that this socket lives on.
    public let loop: EventLoop

    /// The bound socket that it receives on.
    public let listener: Listener

    private let registration: Registration
    private var longest: Int

    /// Whether what comes is for another process to receive.
    private var isLeft = false

    /// How many datagrams came since the loop last looked at other descriptors, and how many may.
    private var receivedInTurn = 0
    private static let mostInTurn = 64

    /// Receives on a socket that was bound before.
    ///
    /// - Parameter longest: how many bytes of a datagram are taken in; 65,536 at most.
    public init(_ listener: Listener, longest: Int, on loop: EventLoop) throws(IOError) {
        let copy = try check(
            clinux_duplicate(listener.descriptor.number), "duplicate the socket of", listener.address.description)
        self.listener = listener
        self.longest = longest
        self.loop = loop
        registration = Registration(Descriptor(owning: copy), as: .connection, on: loop)
    }

    deinit {
        let registration = registration
        registration.loop.execute { registration.close() }
    }

    /// Where it is bound.
    public var address: SocketAddress { listener.address }

    /// The next datagram; nil once the socket was closed or its loop ended reading. Loop thread only.
    public func next() async -> Datagram? {
        loop.assertIsCurrent()
        if isLeft { return nil }
        receivedInTurn += 1
        if receivedInTurn > Self.mostInTurn {
            receivedInTurn = 0
            await loop.sleep(nanoseconds: 0)
            if loop.isEndingReads { return nil }
        }
        while !isLeft {
            var count = 0
            let room = UnsafeMutableRawBufferPointer(rebasing: loop.scratch[..<min(longest, loop.scratch.count)])
            let sender = SocketAddress {
                count = clinux_receive_from(registration.number, room.baseAddress!, room.count, $0, $1)
            }
            if count >= 0 {
                let bytes = Array(UnsafeRawBufferPointer(rebasing: room[..<min(count, room.count)]))
                return Datagram(bytes: bytes, sender: sender, isCut: count > room.count)
            }
            // Other failures tell of an earlier send whose receiver was gone (udp(7)): there is nothing to do for it.
            if count == -Int(EBADF) { return nil }
            if count == -Int(EAGAIN) {
                registration.clearReadable()
                receivedInTurn = 0
                guard case .ready = await registration.waitUntilReadable(deadline: 0) else { return nil }
            }
        }
        return nil
    }

    /// How many datagrams wait for receivers that do not keep up.
    private var waitingCount = 0

    /// More of them than this are lost at once.
    private static let mostWaiting = 64

    /// Sends one datagram. A receiver that does not keep up loses it after `patience` nanoseconds. Loop thread only.
    ///
    /// A datagram socket that is bound to no one receiver is always writable, so nothing tells when there is room again for
    /// this one: it is tried anew, in growing intervals.
    public func send(
        _ bytes: [UInt8], to receiver: SocketAddress, patience: UInt64
    ) async throws(ConnectionError) {
        var pause: UInt64 = 500_000
        var waited: UInt64 = 0
        while true {
            let result = receiver.withPointer { clinux_send_to(registration.number, bytes, bytes.count, $0, $1) }
            if result >= 0 { return }
            guard result == -ConnectionError.wouldBlock else { throw .failed(Int32(-result)) }
            guard waited < patience, waitingCount < Self.mostWaiting else { throw .timedOut }
            waitingCount += 1
            await loop.sleep(nanoseconds: pause)
            waitingCount -= 1
            waited += pause
            pause *= 2
        }
    }

    /// Changes how many bytes of a datagram are taken in. From any thread.
    public func setLongest(_ longest: Int) {
        loop.execute { self.longest = longest }
    }

    /// Ends `next()` when all that has come was taken, or at once where another process has the socket, too; what is owed can
    /// still be sent. A Unix socket's file goes, unless it is shared. From any thread.
    public func finish() {
        listener.removeFile()
        loop.execute {
            self.isLeft = self.listener.isShared
            self.registration.interrupt()
        }
    }

    /// Ends `next()`. From any thread.
    public func close() {
        loop.execute {
            self.registration.interrupt()
            self.registration.close()
        }
    }
}
