import Foundation
import TestSupport
import Testing

@testable import FastDaemonHost

@Suite("Libraries that are read ahead") struct LibraryReaderTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        let library = Array(try Data(contentsOf: URL(filePath: builtProgram("libCount.so"))))
        for name in ["a.so", "b.so"] {
            try Data(library + Array(name.utf8)).write(to: URL(filePath: folder.file(name)))
            chmod(folder.file(name), 0o644)
        }
    }

    @Test(
        "They come in the order of their names, and one that cannot be had keeps none of the others back",
        arguments: [true, false])
    func order(digests: Bool) throws {
        let names = ["b.so", "missing.so", "a.so", "b.so", "../a.so"]
        let reader = LibraryReader(names, in: try PluginFolder(at: folder.path), digests: digests)
        for name in names {
            guard name.count == 4 else {
                let error = #expect(throws: PluginError.self) { try reader.next() }
                #expect(error.map { "\($0)" }?.contains(name) == true)
                continue
            }
            let image = try reader.next()
            #expect(image.path == "\(folder.path)/\(name)")
            #expect(try image.hasSameBytes(as: LibraryImage(name, in: PluginFolder(at: folder.path))))
        }
    }

    @Test("No more than two are read ahead, however long each takes to load")
    func bound() throws {
        let names = (0..<50).map { "ahead\($0).so" }
        for name in names { try folder.copy("a.so", to: name) }
        let reader = LibraryReader(names, in: try PluginFolder(at: folder.path), digests: false)
        let library = try LibraryImage("b.so", in: PluginFolder(at: folder.path))
        var most = 0
        for _ in names {
            let image = try reader.next()
            _ = image.hasSameBytes(as: library)
            most = max(most, try copies(named: "ahead"))
        }
        #expect((1...3).contains(most), "two, and the one that was taken")
    }

    @Test("One that nobody waits for any more ends by itself", arguments: 0...2)
    func abandoned(taken: Int) throws {
        let names = (0..<5).map { "left\($0).so" }
        for name in names { try folder.copy("a.so", to: name) }
        do {
            let reader = LibraryReader(names, in: try PluginFolder(at: folder.path), digests: true)
            for _ in 0..<taken { _ = try reader.next() }
        }
        let watch = Stopwatch()
        while try copies(named: "left") > 0 || threads(named: "read") > 0, watch.seconds < 60 { usleep(1000) }
        #expect(try copies(named: "left") == 0 && threads(named: "read") == 0)
    }

    /// How many private copies this process has of libraries whose names begin so.
    private func copies(named prefix: String) throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count { number in
            let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(number)")
            return target?.hasPrefix("/memfd:\(prefix)") ?? false
        }
    }

    private func threads(named name: String) throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count { thread in
            (try? String(contentsOfFile: "/proc/self/task/\(thread)/comm", encoding: .utf8)) == name + "\n"
        }
    }
}

extension TemporaryFolder {
    fileprivate func copy(_ name: String, to other: String) throws {
        try FileManager.default.copyItem(atPath: file(name), toPath: file(other))
    }
}
