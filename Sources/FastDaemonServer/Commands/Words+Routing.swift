import FastDaemonProtocol

extension Words {
    /// Lends the bytes of the first word, by which a request is routed. There is one.
    func withFirst<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[self[0]])) }
    }

    /// The words as text.
    func strings() -> [String] {
        (0..<count).map { String(decoding: bytes[self[$0]], as: UTF8.self) }
    }
}
