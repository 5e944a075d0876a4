import Foundation
import TestSupport
import Testing

@testable import FastDaemonHost

@Suite("The digest of a library")
struct SHA256Tests {
    private func digest(of bytes: [UInt8], pieces: Int) -> String {
        var digest = SHA256()
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            bytes[start..<min(start + pieces, bytes.count)].withUnsafeBytes { digest.update($0) }
        }
        return digest.hexadecimal()
    }

    @Test("The digests of FIPS 180-4's examples")
    func examples() {
        #expect(digest(of: [], pieces: 1) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(
            digest(of: Array("abc".utf8), pieces: 3)
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test("What sha256sum prints, whatever the length and the pieces", arguments: [1, 7, 64, 1000])
    func sameAsProgram(pieces: Int) throws {
        let folder = try TemporaryFolder()
        for count in [1, 55, 56, 63, 64, 65, 119, 120, 1000] {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ count) }
            try Data(bytes).write(to: URL(filePath: folder.file("bytes")))
            let printed = try run("/usr/bin/sha256sum", [folder.file("bytes")], seconds: 10)
            #expect(String(decoding: printed.output, as: UTF8.self).hasPrefix(digest(of: bytes, pieces: pieces) + " "))
        }
    }
}
