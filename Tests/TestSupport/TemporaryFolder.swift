import Foundation

/// A folder of its own for a test, `0700`, removed with this value. Its path is short enough for Unix sockets.
public final class TemporaryFolder: Sendable {
    /// The folder's path.
    public let path: String

    /// Makes a folder under `/tmp`.
    public init() throws {
        var template = Array("/tmp/fastdaemon-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// The path of `name` in the folder; nothing is made there.
    public func file(_ name: String) -> String {
        path + "/" + name
    }
}
