import Glibc

/// What another process of this machine has used, with all that it started, as the kernel counts it.
struct ServerProcess: Sendable {
    let identifier: Int32
    private let clock: clockid_t
    /// The processes that it had started when this was made or `findChildren` was last called.
    private var children: [Int32]

    /// - Returns: nil where there is no such process, or it is not visible from here.
    init?(_ identifier: Int32) {
        var clock = clockid_t()
        guard clock_getcpuclockid(identifier, &clock) == 0 else { return nil }
        self.identifier = identifier
        self.clock = clock
        children = Self.descendants(of: identifier)
    }

    /// Looks anew for the processes that it has started: that takes a millisecond or more.
    mutating func findChildren() {
        children = Self.descendants(of: identifier)
    }

    /// Nanoseconds of CPU of all its threads, those that have ended included, and of its children.
    ///
    /// `/proc/PID/stat` would say the same in steps of 10 ms. Only what children have used that have ended is known no better.
    var cpuTime: UInt64? {
        guard let own = readClock(clock) else { return nil }
        return children.reduce(own + Self.timeOfEndedChildren(of: identifier)) { sum, child in
            var clock = clockid_t()
            guard clock_getcpuclockid(child, &clock) == 0, let time = readClock(clock) else { return sum }
            return sum + time + Self.timeOfEndedChildren(of: child)
        }
    }

    /// Resident memory in KiB: `VmRSS` of proc(5), of the process alone.
    var residentKiB: Int? {
        guard let status = ProcessFile.text(of: "\(identifier)/status") else { return nil }
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return line?.dropFirst(6).split(whereSeparator: \.isWhitespace).first.flatMap { Int($0) }
    }

    /// `cutime` and `cstime` of proc(5): of children that have ended and were waited for, with their own.
    private static func timeOfEndedChildren(of identifier: Int32) -> UInt64 {
        let fields = ProcessFile.fieldsAfterName(of: identifier)
        guard fields.count > 14, let user = UInt64(fields[13]), let system = UInt64(fields[14]) else { return 0 }
        return (user + system) * (1_000_000_000 / UInt64(sysconf(Int32(_SC_CLK_TCK))))
    }

    private static func descendants(of identifier: Int32) -> [Int32] {
        var childrenOf: [Int32: [Int32]] = [:]
        for process in ProcessFile.processes() {
            let fields = ProcessFile.fieldsAfterName(of: process)
            guard fields.count > 1, let parent = Int32(fields[1]) else { continue }
            childrenOf[parent, default: []].append(process)
        }
        var found = childrenOf[identifier] ?? []
        var next = 0
        while next < found.count {
            found += childrenOf[found[next]] ?? []
            next += 1
        }
        return found
    }
}

/// What proc(5) tells of processes.
private enum ProcessFile {
    /// The text of a small file below `/proc`; nil where it cannot be read.
    static func text(of name: String) -> String? {
        guard let file = fopen("/proc/\(name)", "re") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 8192)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    /// The fields of `stat` from the state on: the name before may have spaces and brackets.
    static func fieldsAfterName(of identifier: Int32) -> [Substring] {
        guard let text = text(of: "\(identifier)/stat"), let bracket = text.lastIndex(of: ")") else { return [] }
        return text[text.index(after: bracket)...].split(separator: " ")
    }

    static func processes() -> [Int32] {
        guard let folder = opendir("/proc") else { return [] }
        defer { closedir(folder) }
        var found: [Int32] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let identifier = Int32(name) { found.append(identifier) }
        }
        return found
    }
}

/// The time of a POSIX clock in nanoseconds; nil where it cannot be read (the process it belongs to has ended).
func readClock(_ clock: clockid_t) -> UInt64? {
    var time = timespec()
    guard clock_gettime(clock, &time) == 0 else { return nil }
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// The clock that all of a run is measured by, in nanoseconds.
func monotonicNow() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
