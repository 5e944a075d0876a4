import CLinux
import FastDaemonSystem

/// A connected Unix socket that carries messages, each with a descriptor or without, on one loop.
///
/// `@unchecked Sendable`: all that changes is touched on the loop's thread alone.
public final class MessageSocket: @unchecked Sendable {
    /// A message as it came.
    public struct Message: Sendable {
        /// What it holds.
        public let bytes: [UInt8]

        /// The descriptor that came with it: the receiver's, who closes it. -1 where there is none.
        public let attached: Int32
    }

    private let loop: EventLoop
    private let registration: Registration

    /// - Parameter descriptor: a socket of messages (SOCK_SEQPACKET).
    public init(owning descriptor: consuming Descriptor, on loop: EventLoop) {
        self.loop = loop
        registration = Registration(descriptor, as: .source(isShared: false), on: loop)
    }

    deinit {
        let registration = registration
        registration.loop.execute { registration.close() }
    }

    /// The next message; nil at the end, or after `close`. Loop thread only.
    public func next() async -> Message? {
        loop.assertIsCurrent()
        while true {
            var attached: Int32 = -1
            let count = clinux_receive_message(
                registration.number, loop.scratch.baseAddress!, loop.scratch.count, &attached)
            if count > 0 {
                return Message(bytes: Array(loop.scratch[..<count]), attached: attached)
            }
            if count == 0 || count != -ConnectionError.wouldBlock { return nil }
            registration.clearReadable()
            guard case .ready = await registration.waitUntilReadable(deadline: 0) else { return nil }
        }
    }

    /// Ends `next()`. From any thread.
    public func close() {
        loop.execute { self.registration.interrupt() }
    }
}
