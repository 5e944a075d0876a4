/// A JSON value that is only ever written (RFC 8259).
enum JSONText: Sendable {
    case null
    case boolean(Bool)
    case integer(Int)
    /// A number that is written already.
    case number(String)
    case string(String)
    case array([JSONText])
    /// Keys in the order in which they are written.
    case object([(String, JSONText)])

    /// - Parameter indent: What stands before each line but the first.
    func text(indent: String) -> String {
        switch self {
        case .null: "null"
        case .boolean(let value): value ? "true" : "false"
        case .integer(let value): String(value)
        case .number(let text): text
        case .string(let value): Self.quoted(value)
        case .array(let values): "[" + values.map { $0.text(indent: indent) }.joined(separator: ", ") + "]"
        case .object(let members) where members.isEmpty: "{}"
        case .object(let members):
            "{\n"
                + members.map { "\(indent)  \(Self.quoted($0)): \($1.text(indent: indent + "  "))" }
                .joined(separator: ",\n") + "\n\(indent)}"
        }
    }

    private static func quoted(_ value: String) -> String {
        var text = "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case ..<" ", "\u{7F}":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }
}
