import Glibc
import Testing

@testable import FastDaemonIO

@Suite("Changes in folders", .timeLimit(.minutes(1))) struct FolderChangesTests {
    private func write(_ text: String, to path: String) {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        _ = Glibc.write(file, text, text.utf8.count)
        close(file)
    }

    /// Has `change` happen, and returns once it was told of. Times are in nanoseconds.
    private func told(
        of folder: borrowing ScratchFolder, _ names: Set<String>, quiet: UInt64 = 1_000_000,
        patience: UInt64 = 1_000_000_000, _ change: () -> Void
    ) async throws -> Bool {
        let loop = EventLoopGroup.shared.loops[0]
        let changes = try FolderChanges(on: loop)
        let path = folder.path
        let failures = await withTaskExecutorPreference(loop) { changes.watch([path: names]) }
        #expect(failures.isEmpty)
        change()
        return try await withTaskExecutorPreference(loop) {
            try await changes.next(quiet: quiet, patience: patience)
        }
    }

    @Test(
        "A file that is written, made, replaced or removed is told of",
        arguments: ["write", "make", "replace", "remove"])
    func changes(kind: String) async throws {
        let folder = ScratchFolder()
        let file = "\(folder.path)/a"
        if kind != "make" { write("one", to: file) }
        if kind == "replace" { write("two", to: file + ".new") }
        let isTold = try await told(of: folder, ["a"]) {
            switch kind {
            case "replace": rename(file + ".new", file)
            case "remove": unlink(file)
            default: write("two", to: file)
            }
        }
        #expect(isTold)
    }

    @Test("What never comes to rest is told of all the same")
    func restless() async throws {
        let folder = ScratchFolder()
        let file = "\(folder.path)/a"
        // It would be at rest in an hour.
        let isTold = try await told(of: folder, ["a"], quiet: 3_600_000_000_000, patience: 20_000_000) {
            write("x", to: file)
        }
        #expect(isTold)
    }

    @Test("Other files of the folder are not told of, nor is anything after the end of the wait")
    func others() async throws {
        let folder = ScratchFolder()
        let loop = EventLoopGroup.shared.loops[0]
        let changes = try FolderChanges(on: loop)
        let path = folder.path
        _ = await withTaskExecutorPreference(loop) { changes.watch([path: ["a"]]) }
        write("x", to: "\(path)/b")
        let waiting = Task(executorPreference: loop) { try await changes.next(quiet: 0, patience: 0) }
        await loop.visit()
        waiting.cancel()
        #expect(try await !waiting.value)
    }

    @Test("A folder that is not there is said")
    func missing() async throws {
        let loop = EventLoopGroup.shared.loops[0]
        let changes = try FolderChanges(on: loop)
        let failures = await withTaskExecutorPreference(loop) { changes.watch(["/nowhere/at/all": ["a"]]) }
        #expect(failures.count == 1)
    }
}
