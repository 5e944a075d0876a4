import Glibc

/// The program's standard streams.
enum Output {
    static let isErrorTerminal = isatty(STDERR_FILENO) == 1

    /// Writes all of a text to a descriptor.
    ///
    /// - Returns: 0, or the errno for which it could not be written.
    @discardableResult
    static func write(_ text: String, to descriptor: Int32) -> Int32 {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress!, $0.count) }
            if written >= 0 {
                bytes = bytes.dropFirst(written)
            } else if errno != EINTR {
                return errno
            }
        }
        return 0
    }
}
