import CLinux
import FastDaemonIO

/// What is left to the first process of a container: the corpses of processes whose parents are gone.
extension Daemon {
    /// How long a corpse lies before it is collected, in nanoseconds: what a handler started the handler may want to collect itself.
    private static let orphanPatience: UInt64 = 5_000_000_000

    /// Collects processes that have ended and that nobody waits for. Returns at once where they are another process's to collect.
    func collectOrphans() async {
        guard clinux_adopts_orphans() else { return }
        var known: Set<Int32> = []
        while !Task.isCancelled {
            await loops.loops[0].sleep(nanoseconds: Self.orphanPatience)
            var numbers = [Int32](repeating: 0, count: 1024)
            let count = Int(clinux_dead_children(&numbers, Int32(numbers.count)))
            let dead = Set(numbers.prefix(count))
            for number in dead.intersection(known) { clinux_forget_process(number) }
            known = dead
        }
    }
}
