import CFastDaemonPlugin
import FastDaemonProtocol

/// What a client asked to have run.
///
/// The blocks are plain memory, which handlers look into for as long as the call goes on.
///
/// `@unchecked Sendable`: filled on the loop before the call begins, and not changed from then on.
final class SessionRequest: @unchecked Sendable {
    /// The words, and the environment, each with a zero byte after it.
    private(set) var arguments = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private(set) var environment = UnsafeMutableRawBufferPointer(start: nil, count: 0)

    /// The path of the caller's directory with a zero byte after it; empty where there is none.
    private(set) var directory = UnsafeMutableRawBufferPointer(start: nil, count: 0)

    var terminals = SessionTerminals(streams: 0, columns: 0, rows: 0)

    /// How long the caller waits, in milliseconds; 0 for ever.
    var timeout: UInt32 = 0

    /// When it stops waiting, in nanoseconds of the monotonic clock; 0 for never.
    var deadline: UInt64 = 0

    private let budget: ByteBudget
    private var charged = 0

    init(budget: ByteBudget) {
        self.budget = budget
    }

    deinit {
        budget.giveBack(charged)
        arguments.deallocate()
        environment.deallocate()
        directory.deallocate()
    }

    /// Returns false, and keeps nothing, where there is no memory for them.
    func setArguments(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard charge(bytes) else { return false }
        arguments = Self.copy(bytes)
        return true
    }

    /// Returns false, and keeps nothing, where there is no memory for them.
    func setEnvironment(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard charge(bytes) else { return false }
        environment = Self.copy(bytes)
        return true
    }

    /// Takes the share of strings and of the table of them, of which the smallest make the largest.
    private func charge(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let strings = bytes.reduce(0) { $1 == 0 ? $0 + 1 : $0 }
        let count = bytes.count + strings * MemoryLayout<fastdaemon_bytes>.stride
        guard budget.take(count, regardless: false) else { return false }
        charged += count
        return true
    }

    func setDirectory(_ path: UnsafeRawBufferPointer) {
        directory = .allocate(byteCount: path.count + 1, alignment: 1)
        directory.copyMemory(from: path)
        directory[path.count] = 0
    }

    private static func copy(_ bytes: UnsafeRawBufferPointer) -> UnsafeMutableRawBufferPointer {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        copy.copyMemory(from: bytes)
        return copy
    }

    /// The name of the command.
    var name: UnsafeRawBufferPointer {
        let end = arguments.firstIndex(of: 0) ?? arguments.count
        return UnsafeRawBufferPointer(rebasing: arguments[..<end])
    }

    /// The words as text.
    var words: [String] {
        arguments.dropLast().split(separator: 0, omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
    }
}
