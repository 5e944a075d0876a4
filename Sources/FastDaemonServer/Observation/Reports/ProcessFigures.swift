import CLinux
import Glibc

/// What the process takes of its system.
enum ProcessFigures {
    /// How much of its memory is in the machine's, in bytes; 0 where the system does not say.
    static var residentBytes: Int { Int(clinux_resident_bytes(getpid())) }

    /// How many descriptors are open; 0 where the system does not say, as when there is none left to look with.
    static func descriptorCount() -> Int {
        guard let folder = opendir("/proc/self/fd") else { return 0 }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        // Not the two names of folders, nor the descriptor that this looks with.
        return max(0, count - 3)
    }

    /// How many descriptors there may be.
    static func descriptorLimit() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
        return Int(clamping: limit.rlim_cur)
    }
}
