import CFastDaemonPlugin

/// Strings of bytes that the host keeps for a call: its arguments, or its environment. They are not copied, and valid
/// until the call has ended; whoever keeps one longer copies it, with `Array` or `String(decoding:as:)`.
public struct ByteStrings: RandomAccessCollection {
    @usableFromInline
    let strings: UnsafeBufferPointer<fastdaemon_bytes>

    @inlinable
    init(_ strings: UnsafeBufferPointer<fastdaemon_bytes>) {
        self.strings = strings
    }

    /// The place of the first string.
    @inlinable
    public var startIndex: Int { 0 }

    /// How many strings there are.
    @inlinable
    public var endIndex: Int { strings.count }

    /// The bytes of a string. A zero byte that is not counted follows them.
    @inlinable
    public subscript(position: Int) -> UnsafeRawBufferPointer { strings[position].bytes }
}

extension fastdaemon_bytes {
    @inlinable
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: data, count: count) }

    /// The bytes as text; what is not UTF-8 is replaced by U+FFFD.
    var text: String { String(decoding: bytes, as: UTF8.self) }
}
