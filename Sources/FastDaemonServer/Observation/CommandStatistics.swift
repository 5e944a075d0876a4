import Glibc
import Synchronization

/// What is counted of one command, from when it was first served: it goes over into the next config.
///
/// Each loop counts into a slot of its own, which only its thread writes. So counting takes no locked instruction, shares no
/// cache line with another core, and allocates nothing. Any thread may read; what it reads of several counters may be from
/// moments that lie apart.
final class CommandStatistics: Sendable {
    /// The name that it is served under.
    let name: String

    /// Filled with zeros once, and freed with the object. Plain memory, so that counting touches no reference.
    private nonisolated(unsafe) let slots: UnsafeMutableRawPointer
    private let loopCount: Int

    /// No two slots share a cache line, nor a pair of lines that processors fetch together, in bytes.
    private static var alignment: Int { 128 }
    private static var slotSize: Int { (LoopStatistics.size + alignment - 1) / alignment * alignment }

    init(_ name: String, loopCount: Int) {
        self.name = name
        self.loopCount = loopCount
        slots = .allocate(byteCount: Self.slotSize * loopCount, alignment: Self.alignment)
        memset(slots, 0, Self.slotSize * loopCount)
    }

    deinit {
        slots.deallocate()
    }

    /// The slot of one loop. Only that loop's thread may count in it.
    subscript(loop: Int) -> LoopStatistics { LoopStatistics(slots + loop * Self.slotSize) }

    /// What all loops counted.
    var totals: CommandTotals {
        var totals = CommandTotals()
        for loop in 0..<loopCount { self[loop].add(to: &totals) }
        return totals
    }
}

/// The slot of one loop in the statistics of a command: a place in its memory, valid as long as those are.
struct LoopStatistics {
    private let numbers: UnsafeMutablePointer<Atomic<UInt64>>
    let queued: Histogram
    let ran: Histogram

    /// Where what stands, in numbers; computed, so that a call looks nothing up. What every call counts shares a cache line.
    private enum Offset {
        static var successes: Int { 0 }
        static var refusals: Int { 1 }
        static var bytesIn: Int { 2 }
        static var bytesOut: Int { 3 }
        static var statuses: Int { 16 }
        static var queued: Int { statuses + CommandTotals.statusCount }
        static var ran: Int { queued + Histogram.size }
        static var end: Int { ran + Histogram.size }
    }

    /// How large a slot is, in bytes.
    static var size: Int { Offset.end * MemoryLayout<Atomic<UInt64>>.stride }

    /// - Parameter memory: zeros, which are what an atomic zero is made of.
    init(_ memory: UnsafeMutableRawPointer) {
        numbers = memory.assumingMemoryBound(to: Atomic<UInt64>.self)
        queued = Histogram(numbers + Offset.queued)
        ran = Histogram(numbers + Offset.ran)
    }

    /// Counts a call that ended.
    @inline(__always)
    func countCall(status: Int32, bytesIn: Int, bytesOut: Int) {
        numbers[status == 0 ? Offset.successes : Offset.statuses + Int(status & 0xFF)].countUp(1)
        numbers[Offset.bytesIn].countUp(UInt64(bytesIn))
        numbers[Offset.bytesOut].countUp(UInt64(bytesOut))
    }

    /// Counts a call that was turned away at a limit.
    func countRefusal() {
        numbers[Offset.refusals].countUp(1)
    }

    fileprivate func add(to totals: inout CommandTotals) {
        totals.statuses[0] += numbers[Offset.successes].count
        totals.refusals += numbers[Offset.refusals].count
        totals.bytesIn += numbers[Offset.bytesIn].count
        totals.bytesOut += numbers[Offset.bytesOut].count
        for status in 1..<CommandTotals.statusCount {
            totals.statuses[status] += numbers[Offset.statuses + status].count
        }
        queued.add(to: &totals.queued)
        ran.add(to: &totals.ran)
    }
}

extension Atomic<UInt64> {
    /// Adds, where nobody else does at the same time.
    func countUp(_ number: UInt64) {
        store(load(ordering: .relaxed) &+ number, ordering: .relaxed)
    }

    var count: UInt64 { load(ordering: .relaxed) }
}

/// What all loops counted of one command.
struct CommandTotals: Equatable, Sendable {
    static var statusCount: Int { 256 }

    /// Calls that were turned away.
    var refusals: UInt64 = 0
    var bytesIn: UInt64 = 0
    var bytesOut: UInt64 = 0

    /// How many calls ended with each status.
    var statuses = [UInt64](repeating: 0, count: statusCount)

    /// How long calls waited for their turn, and how long they ran.
    var queued = Durations()
    var ran = Durations()

    /// Calls that ended; and those of them that ended with a status other than 0.
    var calls: UInt64 { statuses[0] + failures }
    var failures: UInt64 { statuses[1...].reduce(0, +) }
}
