import CLinux
import FastDaemonSystem
import Glibc

/// The bytes of a library at one moment: a sealed private copy of its file, which was found trustworthy and whole.
///
/// Nobody can change it any more, and writing over the file that it came from cannot pull the code out from under a running
/// call. All processes that load it run the same code, whenever they do.
public final class LibraryImage: Sendable {
    /// The path of the file, for messages.
    public let path: String

    /// The SHA-256 digest of the bytes, in hexadecimal digits, as sha256sum(1) prints it.
    public let digest: String

    let descriptor: Descriptor

    /// A descriptor of the copy, for a process that is to load it. It is this object's.
    public var descriptorNumber: Int32 { descriptor.number }

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
        digest = try Self.digest(of: image, at: path)
        descriptor = image
    }

    /// Takes over a copy that another process made, and checked.
    public init(adopting image: consuming Descriptor, path: String) throws(PluginError) {
        self.path = path
        digest = try Self.digest(of: image, at: path)
        descriptor = image
    }

    private static func digest(of image: borrowing Descriptor, at path: String) throws(PluginError) -> String {
        var digest = SHA256()
        var piece = [UInt8](repeating: 0, count: 65_536)
        var offset: UInt64 = 0
        while true {
            let count = clinux_read_at(image.number, &piece, piece.count, offset)
            if count < 0 { throw PluginError(path, .cannotCopy(code: Int32(-count))) }
            if count == 0 { return digest.hexadecimal() }
            piece.withUnsafeBytes { digest.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            offset += UInt64(count)
        }
    }
}
