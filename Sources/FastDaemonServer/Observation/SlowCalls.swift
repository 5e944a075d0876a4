import FastDaemonHost
import Synchronization

/// A call that took long. Times are in nanoseconds.
struct SlowCall: Equatable, Sendable {
    var id: UInt64
    var command: String
    var caller: Caller
    var status: Int32

    /// When its request was there, by the monotonic clock.
    var received: UInt64

    /// How long it waited for its turn, and how long it ran then.
    var queued: UInt64
    var ran: UInt64

    var total: UInt64 { queued + ran }
    var end: UInt64 { received + total }
}

/// The slowest calls of the last hour: the slowest of each of its quarters are kept, of which the oldest is forgotten as a whole.
/// Pure.
struct SlowCallsState {
    /// How many are kept of each quarter, and told of the hour.
    static let capacity = 32

    private static let quarter: UInt64 = 900 * 1_000_000_000
    private static let hour: UInt64 = 4 * quarter

    private struct Period {
        var number: UInt64
        var calls: [SlowCall] = []

        /// Where the least of them stands, once there is no more room.
        private var least: Int?

        init(number: UInt64) {
            self.number = number
            calls.reserveCapacity(capacity)
        }

        /// Returns how long a call has to take from now on to be kept.
        mutating func add(_ call: SlowCall) -> UInt64 {
            if calls.count < capacity {
                calls.append(call)
            } else if let least, call.total > calls[least].total {
                calls[least] = call
            } else {
                return least.map { calls[$0].total } ?? 0
            }
            guard calls.count == capacity else { return 0 }
            var least = 0
            for index in calls.indices where calls[index].total < calls[least].total { least = index }
            self.least = least
            return calls[least].total
        }
    }

    /// The newest last: four that are over, and the one that goes on.
    private var periods: [Period] = []

    /// How long a call has to take to be kept, and until when that holds.
    private(set) var threshold: UInt64 = 0
    private(set) var thresholdEnd: UInt64 = 0

    mutating func note(_ call: SlowCall) {
        let number = call.end / Self.quarter
        // In place, by index: a copy of a period, however short its life, has the change after it copy all of them.
        if periods.isEmpty || number > periods[periods.count - 1].number {
            periods.append(Period(number: number))
            periods.removeAll { $0.number + 4 < number }
        }
        let last = periods.count - 1
        threshold = periods[last].add(call)
        thresholdEnd = (periods[last].number + 1) * Self.quarter
    }

    /// The slowest of the hour before `now`, the slowest first.
    ///
    /// - Parameter command: whose; nil for any.
    func slowest(at now: UInt64, of command: String? = nil) -> [SlowCall] {
        let since = now > Self.hour ? now - Self.hour : 0
        let recent = periods.flatMap(\.calls).filter { call in
            call.end >= since && (command == nil || command.map { $0.utf8.elementsEqual(call.command.utf8) } == true)
        }
        return Array(recent.sorted { $0.total > $1.total }.prefix(Self.capacity))
    }
}

/// The slowest calls of all loops.
final class SlowCalls: Sendable {
    private let state = Mutex(SlowCallsState())

    /// What a call has to take to be looked at more closely, in nanoseconds, and until when that holds: most calls cost a
    /// comparison and no lock.
    private let threshold = Atomic<UInt64>(0)
    private let thresholdEnd = Atomic<UInt64>(0)

    /// Whether a call that took so long, and ended then, is one of them.
    func wants(_ total: UInt64, end: UInt64) -> Bool {
        total > threshold.load(ordering: .relaxed) || end >= thresholdEnd.load(ordering: .relaxed)
    }

    func note(_ call: SlowCall) {
        state.withLock { state in
            state.note(call)
            threshold.store(state.threshold, ordering: .relaxed)
            thresholdEnd.store(state.thresholdEnd, ordering: .relaxed)
        }
    }

    func slowest(at now: UInt64, of command: String?) -> [SlowCall] {
        state.withLock { $0.slowest(at: now, of: command) }
    }
}
