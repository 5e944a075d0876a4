import Foundation
import TestSupport

/// Connections that each send one byte a second of a record of more than 200 bytes, until they are cut.
struct Drips {
    private static let record = recordBytes("echo " + String(repeating: "x", count: 200))

    private var crowd: Crowd
    private var begun: [Double]
    private var tick = 0

    /// After how many seconds each is to be cut.
    private let deadline: Double

    /// How long after its deadline the last one was cut, in seconds.
    private(set) var latest = 0.0

    /// How many are open.
    var count: Int { crowd.open.count }

    /// Connects `count` of them.
    init(_ count: Int, deadline: Double, connect: (Int) throws -> RawPeer) throws {
        crowd = try Crowd(count, connect: connect)
        // The first record's time is counted from the connection on, that of each later one from its first byte on.
        begun = crowd.connected
        self.deadline = deadline
    }

    /// Drips for as many seconds, or until all are cut.
    mutating func run(seconds: Double) {
        let start = crowd.seconds
        while !crowd.open.isEmpty, crowd.seconds < start + seconds {
            drip()
            if tick % 50 == 0 {
                for index in crowd.collectClosed() { latest = max(latest, crowd.seconds - begun[index] - deadline) }
            }
            tick += 1
            let early = start + Double(tick) / 1000 - crowd.seconds
            if early > 0 { usleep(UInt32(early * 1e6)) }
        }
    }

    /// Each millisecond a thousandth of them sends one byte.
    private mutating func drip() {
        for index in stride(from: tick % 1000, to: begun.count, by: 1000) {
            guard let peer = crowd.open[index] else { continue }
            let round = tick / 1000
            if round == 0, index % 2 == 1 { begun[index] = crowd.seconds }
            _ = peer.sendWithoutWaiting([Self.record[round]])
        }
    }
}
