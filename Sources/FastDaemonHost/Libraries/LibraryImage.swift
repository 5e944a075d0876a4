import CLinux
import FastDaemonSystem
import Glibc
import Synchronization

/// The bytes of a library at one moment: a sealed private copy of its file, which was found trustworthy and whole.
///
/// Nobody can change it any more, and writing over the file that it came from cannot pull the code out from under a running
/// call. All processes that load it run the same code, whenever they do.
public final class LibraryImage: Sendable {
    /// The path of the file, for messages.
    public let path: String

    let descriptor: Descriptor
    private let knownDigest = Mutex<String?>(nil)

    /// Copies a library of a folder.
    ///
    /// - Parameter name: its file name.
    public init(_ name: String, in folder: borrowing PluginFolder) throws(PluginError) {
        path = "\(folder.path)/\(name)"
        let file = try folder.open(name)
        let copy = clinux_sealed_copy(file.number, name)
        if copy < 0 { throw PluginError(path, .cannotCopy(code: -copy)) }
        let image = Descriptor(owning: copy)
        try ELFHeader.check(image, at: path)
        descriptor = image
    }

    /// Takes over a copy that another process made, and checked.
    public init(adopting image: consuming Descriptor, path: String) {
        self.path = path
        descriptor = image
    }

    /// The SHA-256 digest of the bytes, in hexadecimal digits, as sha256sum(1) prints it. It is computed when it is first asked
    /// for: in about a millisecond for a megabyte where the processor has instructions for it, in ten times that where not.
    public var digest: String {
        knownDigest.withLock { known in
            if let known { return known }
            var digest = clinux_digest()
            clinux_digest_begin(&digest)
            forEachPiece { clinux_digest_add(&digest, $0.baseAddress, $0.count) }
            var bytes = [UInt8](repeating: 0, count: 32)
            clinux_digest_end(&digest, &bytes)
            let text = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            known = text
            return text
        }
    }

    /// Whether another image has the same bytes.
    public func hasSameBytes(as other: LibraryImage) -> Bool {
        var isSame = true
        var theirs = [UInt8](repeating: 0, count: Self.pieceSize)
        var offset: UInt64 = 0
        forEachPiece { mine in
            let count = clinux_read_at(other.descriptor.number, &theirs, mine.count, offset)
            isSame = isSame && count == mine.count && memcmp(theirs, mine.baseAddress!, mine.count) == 0
            offset += UInt64(mine.count)
        }
        return isSame && clinux_read_at(other.descriptor.number, &theirs, 1, offset) == 0
    }

    private static let pieceSize = 65_536

    private func forEachPiece(_ body: (UnsafeRawBufferPointer) -> Void) {
        var piece = [UInt8](repeating: 0, count: Self.pieceSize)
        var offset: UInt64 = 0
        while true {
            let count = clinux_read_at(descriptor.number, &piece, piece.count, offset)
            precondition(count >= 0, "reading memory that has a descriptor failed with errno \(-count)")
            if count == 0 { return }
            piece.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            offset += UInt64(count)
        }
    }
}
