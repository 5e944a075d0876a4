import Glibc

/// What another process of this machine has used, as the kernel counts it.
struct ServerProcess: Sendable {
    let identifier: Int32
    private let clock: clockid_t

    /// - Returns: nil where there is no such process, or it is not visible from here.
    init?(_ identifier: Int32) {
        var clock = clockid_t()
        guard clock_getcpuclockid(identifier, &clock) == 0 else { return nil }
        self.identifier = identifier
        self.clock = clock
    }

    /// Nanoseconds of CPU of all its threads, those that have ended included. `/proc/PID/stat` would say the same in
    /// steps of 10 ms.
    var cpuTime: UInt64? {
        readClock(clock)
    }

    /// Resident memory in KiB: `VmRSS` of proc(5).
    var residentKiB: Int? {
        guard let file = fopen("/proc/\(identifier)/status", "re") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        let key = "VmRSS:"
        while fgets(&line, Int32(line.count), file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            if text.hasPrefix(key) {
                return text.dropFirst(key.count).split(whereSeparator: \.isWhitespace).first.flatMap { Int($0) }
            }
        }
        return nil
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
