import CLinux
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
    }

    /// Where the last segment that is mapped ends: the table of sections behind it is never touched.
    private var mappedBytes: Int {
        library.withUnsafeBytes { bytes in
            let header = bytes.loadUnaligned(as: Elf64_Ehdr.self)
            return (0..<Int(header.e_phnum)).map { index in
                let segment = bytes.loadUnaligned(
                    fromByteOffset: Int(header.e_phoff) + index * MemoryLayout<Elf64_Phdr>.size, as: Elf64_Phdr.self)
                return segment.p_type == PT_LOAD ? Int(segment.p_offset + segment.p_filesz) : 0
            }.max()!
        }
    }

    @Test("A library of which any part is missing that would be mapped is refused")
    func cutShort() throws {
        for count in Array(stride(from: 64, to: mappedBytes, by: mappedBytes / 20)) + [mappedBytes - 1] {
            let error = #expect(throws: PluginError.self) { try image(of: Array(library[..<count])) }
            guard case .cutShort? = error?.reason else {
                Issue.record("\(count) bytes: \(error.map { "\($0)" } ?? "")")
                continue
            }
        }
        _ = try image(of: Array(library[..<mappedBytes]))
    }

    @Test(
        "Its digest is what sha256sum prints, whatever the length",
        arguments: [0, 1, 55, 56, 63, 64, 65, 119, 120, 70_000])
    func digest(more: Int) throws {
        let image = try image(of: library + (0..<more).map { UInt8(truncatingIfNeeded: $0) })
        let printed = try run("/usr/bin/sha256sum", [image.path], seconds: 10)
        #expect(String(decoding: printed.output, as: UTF8.self).hasPrefix(image.digest + " "))
        // As on a processor that has no instructions for it. The image knows its digest; another does not.
        clinux_digest_use_instructions(false)
        defer { clinux_digest_use_instructions(true) }
        #expect(try self.image(of: library + (0..<more).map { UInt8(truncatingIfNeeded: $0) }).digest == image.digest)
    }

    @Test("The digest of what is mapped is that of the code, whatever stands behind it")
    func mappedDigest() throws {
        let image = try image(of: library)
        try Data(library[..<mappedBytes]).write(to: URL(filePath: folder.file("mapped")))
        let printed = try run("/usr/bin/sha256sum", [folder.file("mapped")], seconds: 10)
        #expect(String(decoding: printed.output, as: UTF8.self).hasPrefix(image.mappedDigest + " "))
        #expect(mappedBytes < library.count && image.mappedDigest != image.digest)
        #expect(try self.image(of: library + [0]).mappedDigest == image.mappedDigest)
        var other = library
        other[mappedBytes - 1] ^= 1
        #expect(try self.image(of: other).mappedDigest != image.mappedDigest)
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
