/// A protocol that the generator can speak: the bytes of a request, and where each reply ends.
///
/// This is all that the load loop knows of a protocol, so a further one is one more file here, and a name in
/// `Options.Wire`.
protocol Codec {
    associatedtype Scanner: ReplyScanner
    /// The bytes of one request, the same each time.
    var request: [UInt8] { get }
    /// A scanner for a fresh connection.
    func makeScanner() -> Scanner
}

/// Finds the ends of the replies in the bytes of one connection, in whatever pieces they come, and keeps none of them.
protocol ReplyScanner {
    /// Goes on from `offset`, and moves it behind what it has seen.
    ///
    /// - Returns: the reply that ends at the new `offset`, or nil where all bytes were used up before one ended.
    mutating func nextReply(in bytes: RawSpan, at offset: inout Int) throws(MalformedReply) -> Reply?

    /// Whether a reply has begun and not ended.
    var isInsideReply: Bool { get }

    /// The beginning of the text of the last reply that was a refusal.
    var refusal: String { get }
}

/// What is worth knowing of a reply.
enum Reply: Sendable, Equatable {
    case answer
    /// Nothing but an error text.
    case refusal
}

/// What came back is not the protocol; in words.
struct MalformedReply: Error, Equatable {
    let reason: String
}
