/// Strings of any bytes but zero, such as the words of a command, kept in one piece of memory.
public struct ByteStrings: Equatable, Sendable {
    /// The strings, each with a zero byte after it.
    public private(set) var bytes: [UInt8] = []

    /// No strings.
    public init() {}

    /// The strings of a sequence.
    ///
    /// - Precondition: None has a zero byte in it.
    public init(_ strings: some Sequence<[UInt8]>) {
        for string in strings { append(string) }
    }

    /// Makes room for `count` bytes in all.
    public mutating func reserveCapacity(_ count: Int) {
        bytes.reserveCapacity(count)
    }

    /// Adds a string.
    ///
    /// - Precondition: There is no zero byte in it.
    public mutating func append(_ string: some Collection<UInt8>) {
        precondition(!string.contains(0), "a zero byte ends a string")
        bytes.append(contentsOf: string)
        bytes.append(0)
    }
}
