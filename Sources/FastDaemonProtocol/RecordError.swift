/// Why bytes are not a record, or a record is not bytes.
public enum RecordError: Error, Equatable, Sendable {
    /// With the count before this string, the strings of the record come to `declared` bytes, which is over `limit`.
    /// Nothing was reserved for them.
    case tooLong(RecordPart, declared: Int, limit: Int)
    /// This string is not UTF-8. `offset` is where its first ill-formed sequence begins, from the start of the string.
    case notUTF8(RecordPart, offset: Int)
    /// The bytes ended inside this string or the count before it. At least `missing` more belong to the record.
    case endedEarly(RecordPart, missing: Int)
    /// A datagram goes on for this many bytes after its one record.
    case trailingBytes(Int)
}

extension RecordError: CustomStringConvertible {
    /// One line for the user, without a full stop.
    public var description: String {
        switch self {
        case .tooLong(let part, let declared, let limit):
            "the record is too long: with its \(part) it comes to \(bytes(declared)), and the limit is \(limit)"
        case .notUTF8(let part, let offset):
            "the \(part) of the record is not UTF-8: the sequence at byte offset \(offset) is ill-formed"
        case .endedEarly(let part, let missing):
            "the record ended early, in its \(part): at least \(bytes(missing)) more should have come"
        case .trailingBytes(let count):
            "\(bytes(count)) too many after the record: a datagram carries one record and nothing else"
        }
    }

    private func bytes(_ count: Int) -> String {
        count == 1 ? "1 byte" : "\(count) bytes"
    }
}
