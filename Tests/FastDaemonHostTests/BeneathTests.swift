import CLinux
import Foundation
import TestSupport
import Testing

/// The kernel's way to open what is below a folder, and the one that is taken where a filter of system calls forbids that.
@Suite("Opening below a folder", .ownThread) struct BeneathTests {
    typealias Way = @Sendable (Int32, UnsafePointer<CChar>?) -> Int32

    enum Outcome: Equatable {
        case content(String)
        case refused(POSIXErrorCode)
    }

    static let ways: [Way] = [
        { clinux_open_beneath($0, $1) }, { clinux_walk_beneath($0, $1) },
    ]

    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        for name in ["libs", "libs/one", "libs/one/two"] { mkdir(folder.file(name), 0o755) }
        for name in ["outside", "libs/a", "libs/one/b"] {
            try name.write(toFile: folder.file(name), atomically: false, encoding: .utf8)
        }
        try #require(mkfifo(folder.file("libs/fifo"), 0o600) == 0)
        let links = [
            "link": "a", "chain": "link", "deep": "current/b", "current": "one", "back": "one/two/../../one/./b",
            "here": ".", "out": "../outside", "far": "one/../../outside", "round": "../libs/a", "loop": "loop",
            "nowhere": "none", "through": "a/b", "slashes": "one//b", "slash": "a/",
        ]
        for (name, target) in links { symlink(target, folder.file("libs/" + name)) }
        symlink(folder.file("libs/a"), folder.file("libs/absolute"))
        symlink("../a", folder.file("libs/one/up"))
        symlink("one/up", folder.file("libs/roundabout"))
    }

    /// What one way comes to.
    private func read(_ name: String, by way: Way) -> Outcome {
        let libs = open(folder.file("libs"), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { close(libs) }
        let found = way(libs, name)
        guard found >= 0 else { return .refused(POSIXErrorCode(rawValue: -found)!) }
        defer { close(found) }
        var status = stat()
        guard fstat(found, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return .content("no file") }
        var bytes = [UInt8](repeating: 0, count: 100)
        let count = Glibc.read(found, &bytes, bytes.count)
        return .content(String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self))
    }

    @Test(
        "what stays below is read, through any links", arguments: ways.indices,
        [
            ("a", "libs/a"), ("link", "libs/a"), ("chain", "libs/a"), ("deep", "libs/one/b"), ("back", "libs/one/b"),
            ("slashes", "libs/one/b"), ("roundabout", "libs/a"), ("here", "no file"), ("one", "no file"),
            ("fifo", "no file"),
        ])
    func inside(way: Int, found: (name: String, content: String)) {
        #expect(read(found.name, by: Self.ways[way]) == .content(found.content))
    }

    @Test(
        "what leads out is refused, and what is not there", arguments: ways.indices,
        [
            ("out", POSIXErrorCode.EXDEV), ("far", .EXDEV), ("round", .EXDEV), ("absolute", .EXDEV), ("..", .EXDEV),
            ("loop", .ELOOP), ("nowhere", .ENOENT), ("none", .ENOENT), ("through", .ENOTDIR),
            ("slash", .ENOTDIR), ("a/", .ENOTDIR), ("link/", .ENOTDIR),
            (String(repeating: "x", count: 300), .ENAMETOOLONG),
        ])
    func outside(way: Int, refused: (name: String, error: POSIXErrorCode)) {
        #expect(read(refused.name, by: Self.ways[way]) == .refused(refused.error))
    }

    @Test("no way leaves a descriptor open", arguments: ways.indices)
    func descriptors(way: Int) throws {
        let libs = open(folder.file("libs"), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        let next = dup(libs)
        close(next)
        for name in ["back", "far", "loop", "through", "roundabout"] { _ = read(name, by: Self.ways[way]) }
        let now = dup(libs)
        #expect(now == next)
        close(now)
        close(libs)
    }
}
