import Glibc

/// Compares the content of replies with what it ought to be, in whatever pieces it comes, where `--verify` asks for that.
struct ContentCheck: Sendable {
    /// nil where any content will do.
    private let expected: [UInt8]?
    private var position = 0
    private var differs = false

    init(_ expected: [UInt8]?) {
        self.expected = expected
    }

    /// Forgets the reply before.
    mutating func begin() {
        position = 0
        differs = false
    }

    /// Takes `count` bytes of content from `offset` on.
    mutating func take(_ bytes: RawSpan, at offset: Int, count: Int) {
        guard let expected, !differs, count > 0 else { return }
        guard position + count <= expected.count else {
            differs = true
            return
        }
        differs = bytes.withUnsafeBytes { came in
            expected.withUnsafeBytes { wanted in
                memcmp(came.baseAddress! + offset, wanted.baseAddress! + position, count) != 0
            }
        }
        position += count
    }

    /// - Throws: where the reply, which has ended, was another than expected.
    func check() throws(MalformedReply) {
        guard let expected, differs || position != expected.count else { return }
        throw MalformedReply(reason: "a reply is not the \(expected.count) bytes that --verify expects")
    }
}
