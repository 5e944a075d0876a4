/// One record: two strings of UTF-8, kept as their bytes.
///
/// | record | `first` | `second` |
/// |---|---|---|
/// | request | the command line | standard input |
/// | reply | standard output | standard error |
/// | request of a classic listener | standard input | the arguments, joined by single spaces |
///
/// Its bytes on the wire are in <doc:RecordProtocol>.
public struct Record: Equatable, Sendable {
    /// The bytes of the first string.
    public var first: [UInt8]
    /// The bytes of the second string.
    public var second: [UInt8]

    /// A record of two strings, given as bytes of UTF-8. They are checked by whoever decodes the record.
    public init(first: [UInt8], second: [UInt8]) {
        self.first = first
        self.second = second
    }

    /// A record of two strings.
    public init(_ first: String, _ second: String) {
        self.init(first: Array(first.utf8), second: Array(second.utf8))
    }
}

/// The two strings of a record.
public enum RecordPart: Equatable, Sendable {
    /// The first string, with the count before it.
    case first
    /// The second string, with the count before it.
    case second
}

extension RecordPart: CustomStringConvertible {
    /// "first string" or "second string".
    public var description: String { name.description }

    /// The same, for programs without a `String`.
    public var name: StaticString {
        switch self {
        case .first: "first string"
        case .second: "second string"
        }
    }
}
