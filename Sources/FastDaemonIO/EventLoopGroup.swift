import CLinux
import FastDaemonSystem

/// Several loops that share the connections of a server.
public final class EventLoopGroup: Sendable {
    /// The loops, at least one.
    public let loops: [EventLoop]

    /// A loop a core, unless told otherwise.
    public init(count: Int = EventLoopGroup.coreCount) throws(IOError) {
        var loops: [EventLoop] = []
        for index in 0..<max(1, count) { loops.append(try EventLoop(name: "loop \(index)")) }
        self.loops = loops
    }

    /// How many cores this process may run on.
    public static var coreCount: Int { Int(clinux_core_count()) }

    /// One loop for programs that do not care, started when it is first asked for.
    public static let shared: EventLoopGroup = {
        do {
            return try EventLoopGroup(count: 1)
        } catch {
            fatalError("\(error)")
        }
    }()

    var first: EventLoop { loops[0] }
    var count: Int { loops.count }

    /// How many connections more than another a loop may have before it gives new ones away.
    private static let tolerance = 4

    /// Where a new connection is to live: on the loop that accepted it, which is cheapest, unless another has clearly fewer.
    func loop(preferring preferred: EventLoop) -> EventLoop {
        var best = preferred
        var least = preferred.connectionCount.load(ordering: .relaxed) - Self.tolerance
        for loop in loops where loop !== preferred {
            let count = loop.connectionCount.load(ordering: .relaxed)
            if count < least { (best, least) = (loop, count) }
        }
        return best
    }

    /// Ends all the loops; see `EventLoop.stop()`.
    public func stop() {
        for loop in loops { loop.stop() }
    }
}
