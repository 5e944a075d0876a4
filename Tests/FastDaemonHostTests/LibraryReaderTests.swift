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

    @Test("One that nobody waits for any more ends by itself")
    func abandoned() throws {
        weak var gone: LibraryReader?
        do {
            let reader = LibraryReader(["a.so", "b.so"], in: try PluginFolder(at: folder.path), digests: true)
            _ = try reader.next()
            gone = reader
        }
        let watch = Stopwatch()
        while gone != nil, watch.seconds < 60 { usleep(1000) }
        #expect(gone == nil)
    }
}
