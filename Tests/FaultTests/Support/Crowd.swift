import Foundation
import TestSupport

/// Many connections that are looked at together.
struct Crowd {
    /// Those that are still open, by their number in the order in which they connected.
    private(set) var open: [Int: RawPeer] = [:]

    /// When each connected, in seconds of its watch.
    private(set) var connected: [Double] = []

    private let watch = PauselessStopwatch()

    /// Seconds since the crowd was made, without the pauses of the machine.
    var seconds: Double { watch.seconds }

    /// Connects `count` of them.
    init(_ count: Int, connect: (Int) throws -> RawPeer) throws {
        for index in 0..<count {
            open[index] = try connect(index)
            connected.append(watch.seconds)
        }
    }

    /// Lets go of one.
    mutating func remove(_ index: Int) {
        open[index] = nil
    }

    /// Receives what has come for them, throws it away, and lets go of those that the daemon has closed.
    ///
    /// - Returns: those that were closed.
    mutating func collectClosed(waitingFor milliseconds: Int32 = 0) -> [Int] {
        let numbers = Array(open.keys)
        var watched = numbers.map { pollfd(fd: open[$0]!.descriptor, events: Int16(POLLIN), revents: 0) }
        guard poll(&watched, nfds_t(watched.count), milliseconds) > 0 else { return [] }
        var closed: [Int] = []
        withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 1) { buffer in
            for (index, entry) in zip(numbers, watched) where entry.revents != 0 {
                let count = recv(entry.fd, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
                if count == 0 || count < 0 && errno != EAGAIN { closed.append(index) }
            }
        }
        for index in closed { open[index] = nil }
        return closed
    }
}
