import Foundation
import TestSupport
import Testing

@testable import FastDaemonHost

@Suite("The image of a library")
struct LibraryImageTests {
    private let folder: TemporaryFolder
    private let library: [UInt8]

    init() throws {
        folder = try TemporaryFolder()
        library = Array(try Data(contentsOf: URL(filePath: builtProgram("libCount.so"))))
    }

    private func image(of bytes: [UInt8]) throws -> LibraryImage {
        try Data(bytes).write(to: URL(filePath: folder.file("a.so")))
        chmod(folder.file("a.so"), 0o644)
        return try LibraryImage("a.so", in: PluginFolder(at: folder.path))
    }

    @Test("It stays what it was when the file is overwritten")
    func staysTheSame() throws {
        let first = try image(of: library)
        let second = try image(of: library + [0])
        #expect(!first.hasSameBytes(as: second) && !second.hasSameBytes(as: first))
        #expect(first.hasSameBytes(as: try image(of: library)))
        let copy = try Data(contentsOf: URL(filePath: "/proc/self/fd/\(first.descriptorNumber)"))
        #expect(Array(copy) == library)
    }

    @Test("A library of which any part at the end is missing that would be mapped is refused")
    func cutShort() throws {
        // What stands behind the last segment, the table of sections, is never mapped.
        for count in stride(from: 64, to: library.count * 3 / 4, by: library.count / 20) {
            let error = #expect(throws: PluginError.self) { try image(of: Array(library[..<count])) }
            guard case .cutShort? = error?.reason else {
                Issue.record("\(count) bytes: \(error.map { "\($0)" } ?? "")")
                continue
            }
        }
    }

    @Test("A header that says anything is refused or found whole, and nothing worse", arguments: 0..<400)
    func mutatedHeader(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        var bytes = library
        for _ in 0..<Int.random(in: 1...8, using: &generator) {
            bytes[Int.random(in: 0..<400, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
        }
        do {
            #expect(try image(of: bytes).hasSameBytes(as: image(of: bytes)))
        } catch let error as PluginError {
            #expect(error.path.hasSuffix("a.so"))
        }
    }
}
