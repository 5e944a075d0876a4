/// Why a command line cannot be split into words. Offsets count bytes from the start of the line.
public enum CommandLineError: Error, Equatable, Sendable {
    /// There is no word in it.
    case empty
    /// The `quote` (`'` or `"`) that opens at this offset does not close.
    case unclosedQuote(at: Int, quote: UInt8)
    /// The line ends in a backslash, which then quotes nothing.
    case trailingBackslash
    /// There is a NUL at this offset. Words are handed to C, where a NUL ends them.
    case containsNUL(at: Int)
}

extension CommandLineError: CustomStringConvertible {
    /// One line for the user, without a full stop.
    public var description: String {
        switch self {
        case .empty:
            "the command line is empty: its first word has to name a command"
        case .unclosedQuote(let offset, let quote):
            "the quote \(Unicode.Scalar(quote)) at byte offset \(offset) of the command line does not close: "
                + "close it, or put a backslash before it"
        case .trailingBackslash:
            "the command line ends in a backslash that quotes nothing: for the backslash itself, write two"
        case .containsNUL(let offset):
            "the command line has a NUL at byte offset \(offset): words cannot have one"
        }
    }
}
