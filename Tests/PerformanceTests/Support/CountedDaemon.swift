import Foundation
import TestSupport

/// What a daemon has allocated so far.
struct AllocationCounts {
    /// How often: any function of malloc(3), also realloc.
    var allocations: Int
    /// How many bytes are in use.
    var bytes: Int
}

/// A daemon, as it is built for release, that counts what it allocates (`Counter/counter.c`).
final class CountedDaemon {
    let daemon: RunningDaemon
    private let counts: UnsafeMutablePointer<Int64>

    /// Starts a daemon, and returns once it serves.
    ///
    /// - Parameter fixtures: Plugins of `Tests/FixturePlugins` that the config names.
    init(_ configuration: DaemonConfiguration, fixtures: [String] = []) throws {
        guard let compiler = Compiler.c else { throw TestFailure("cc, which build-essential has, is not installed") }
        let folder = try DaemonFolder(release: ["Echo"])
        for name in fixtures {
            chmod(try FixturePlugin(name).build(in: folder.file("plugins"), with: compiler), 0o755)
        }
        try folder.write(configuration.text)
        let (library, file) = (folder.file("counter.so"), folder.file("counts"))
        let source = URL(filePath: #filePath).appending(path: "../../Counter/counter.c").standardized.path
        try compiler.run(["-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", library, source])
        daemon = try RunningDaemon(
            startingIn: folder, program: ReleaseBuild.path("fastdaemond"),
            environment: ["LD_PRELOAD": library, "ALLOCATION_COUNTS": file])
        try daemon.waitUntilReady()
        let descriptor = open(file, O_RDWR)
        let size = 3 * MemoryLayout<Int64>.stride
        let memory = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        close(descriptor)
        guard let memory, memory != MAP_FAILED else { throw TestFailure("the counts cannot be seen") }
        counts = memory.bindMemory(to: Int64.self, capacity: 3)
    }

    deinit {
        munmap(counts, 3 * MemoryLayout<Int64>.stride)
    }

    /// What it has allocated so far. It may be at work on another core, so it is asked for once every reply is there.
    var allocated: AllocationCounts {
        AllocationCounts(allocations: Int(counts[0]), bytes: Int(counts[1]))
    }

    /// How often it allocates while `body` runs.
    func allocations(_ body: () throws -> Void) rethrows -> Int {
        let before = allocated.allocations
        counts[2] = tracedAllocations
        try body()
        counts[2] = 0
        let count = allocated.allocations - before
        for line in daemon.log where line.hasPrefix("counter: ") { print(line) }
        return count
    }
}

/// How many places of allocation each measurement shows, in the daemon's log and the test's output.
private let tracedAllocations =
    ProcessInfo.processInfo.environment["FASTDAEMON_TRACED_ALLOCATIONS"].flatMap { Int64($0) } ?? 0
