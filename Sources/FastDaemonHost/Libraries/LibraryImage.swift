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

    /// How many bytes there are of what is mapped: the code and its data.
    private let mappedSize: UInt64

    private let knownDigests = Mutex<(whole: String?, mapped: String?)>((nil, nil))

    /// Copies a library of a folder.
    ///
    /// - Parameter name: its file name.
    public init(_ name: String, in folder: borrowing PluginFolder) throws(PluginError) {
        path = "\(folder.path)/\(name)"
        let file = try folder.open(name)
        let copy = clinux_sealed_copy(file.number, name)
        if copy < 0 { throw PluginError(path, .cannotCopy(code: -copy)) }
        let image = Descriptor(owning: copy)
        mappedSize = try ELFHeader.check(image, at: path)
        descriptor = image
    }

    /// Takes over a copy that another process made, and checked.
    public init(adopting image: consuming Descriptor, path: String) {
        self.path = path
        mappedSize = .max
        descriptor = image
    }

    /// The SHA-256 digest of the bytes, in hexadecimal digits, as sha256sum(1) prints it. It is computed when it is first asked
    /// for: in about a millisecond for a megabyte where the processor has instructions for it, in ten times that where not.
    public var digest: String {
        knownDigests.withLock { known in
            if known.whole == nil { known.whole = digest(upTo: .max) }
            return known.whole!
        }
    }

    /// The same of what is mapped alone, which tells one version of the code from another. It is computed for each library at each
    /// start, where the rest, which may be most of the file, would be in the way.
    public var mappedDigest: String {
        knownDigests.withLock { known in
            if known.mapped == nil { known.mapped = digest(upTo: mappedSize) }
            return known.mapped!
        }
    }

    private func digest(upTo size: UInt64) -> String {
        var digest = clinux_digest()
        clinux_digest_begin(&digest)
        forEachPiece(upTo: size) { clinux_digest_add(&digest, $0.baseAddress, $0.count) }
        var bytes = [UInt8](repeating: 0, count: 32)
        clinux_digest_end(&digest, &bytes)
        return bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// Whether another image has the same bytes.
    public func hasSameBytes(as other: LibraryImage) -> Bool {
        var isSame = true
        var theirs = [UInt8](repeating: 0, count: Self.pieceSize)
        var offset: UInt64 = 0
        forEachPiece(upTo: .max) { mine in
            let count = clinux_read_at(other.descriptor.number, &theirs, mine.count, offset)
            isSame = isSame && count == mine.count && memcmp(theirs, mine.baseAddress!, mine.count) == 0
            offset += UInt64(mine.count)
        }
        return isSame && clinux_read_at(other.descriptor.number, &theirs, 1, offset) == 0
    }

    private static let pieceSize = 65_536

    private func forEachPiece(upTo size: UInt64, _ body: (UnsafeRawBufferPointer) -> Void) {
        var piece = [UInt8](repeating: 0, count: Self.pieceSize)
        var offset: UInt64 = 0
        while offset < size {
            let wanted = Int(min(UInt64(piece.count), size - offset))
            let count = clinux_read_at(descriptor.number, &piece, wanted, offset)
            precondition(count >= 0, "reading memory that has a descriptor failed with errno \(-count)")
            if count == 0 { return }
            piece.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            offset += UInt64(count)
        }
    }
}
