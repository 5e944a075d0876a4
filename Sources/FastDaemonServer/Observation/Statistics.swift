import Synchronization

/// What one loop counts of each command. One thread writes, any may read; so the counters need no locked instruction.
///
/// `@unchecked Sendable`: the memory is filled once, and holds nothing but atomics.
final class LoopCounters: @unchecked Sendable {
    private let commands: UnsafeMutableBufferPointer<CommandCounters>

    init(count: Int) {
        commands = .allocate(capacity: count)
        for index in 0..<count { (commands.baseAddress! + index).initialize(to: CommandCounters()) }
    }

    deinit {
        commands.baseAddress?.deinitialize(count: commands.count)
        commands.deallocate()
    }

    /// The counters of one command. In place, so that counting touches no reference.
    subscript(index: Int) -> CommandCounters {
        unsafeAddress { UnsafePointer(commands.baseAddress! + index) }
    }
}

/// What one loop counts of one command.
struct CommandCounters: ~Copyable, Sendable {
    private let calls = Atomic<UInt64>(0)
    private let failures = Atomic<UInt64>(0)
    private let refusals = Atomic<UInt64>(0)
    private let bytesIn = Atomic<UInt64>(0)
    private let bytesOut = Atomic<UInt64>(0)

    func countCall(status: Int32, bytesIn received: Int, bytesOut sent: Int) {
        Self.add(1, to: calls)
        if status != 0 { Self.add(1, to: failures) }
        Self.add(received, to: bytesIn)
        Self.add(sent, to: bytesOut)
    }

    func countRefusal() {
        Self.add(1, to: refusals)
    }

    private static func add(_ count: Int, to counter: borrowing Atomic<UInt64>) {
        counter.store(counter.load(ordering: .relaxed) &+ UInt64(count), ordering: .relaxed)
    }

    var totals: CommandTotals {
        CommandTotals(
            calls: calls.load(ordering: .relaxed), failures: failures.load(ordering: .relaxed),
            refusals: refusals.load(ordering: .relaxed), bytesIn: bytesIn.load(ordering: .relaxed),
            bytesOut: bytesOut.load(ordering: .relaxed))
    }
}

/// What all loops counted of one command.
struct CommandTotals: Codable, Equatable, Sendable {
    /// Calls that ended; those of them with a status other than 0; calls that were turned away.
    var calls: UInt64 = 0
    var failures: UInt64 = 0
    var refusals: UInt64 = 0
    var bytesIn: UInt64 = 0
    var bytesOut: UInt64 = 0

    static func + (left: CommandTotals, right: CommandTotals) -> CommandTotals {
        CommandTotals(
            calls: left.calls + right.calls, failures: left.failures + right.failures,
            refusals: left.refusals + right.refusals, bytesIn: left.bytesIn + right.bytesIn,
            bytesOut: left.bytesOut + right.bytesOut)
    }
}
