/// Cuts pieces of bytes into lines, wherever the pieces end.
struct LineSplitter {
    private var bytes: [UInt8] = []
    private var start = 0
    /// No line feed stands before this place, so that a long line in many pieces is searched once.
    private var searched = 0

    mutating func append(_ piece: some Collection<UInt8>) {
        bytes.removeFirst(start)
        searched -= start
        start = 0
        bytes.append(contentsOf: piece)
    }

    /// The next whole line, without its line feed.
    mutating func next() -> String? {
        guard let end = bytes[searched...].firstIndex(of: UInt8(ascii: "\n")) else {
            searched = bytes.count
            return nil
        }
        defer {
            start = end + 1
            searched = start
        }
        return String(decoding: bytes[start..<end], as: UTF8.self)
    }

    /// What is left after the last line feed, once the input has ended.
    mutating func last() -> String? {
        guard start < bytes.count else { return nil }
        defer { start = bytes.count }
        return String(decoding: bytes[start...], as: UTF8.self)
    }
}
